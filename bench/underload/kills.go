package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// killer kills the next server whenever another part of the runs is answered,
// and starts it again at the same address, with the same folder.
func (c *crashing) killer() error {
	for c.kills < crashKills {
		due := int64((c.kills + 1) * crashRuns / (crashKills + 1))
		for end := time.Now().Add(2 * patience); c.answered.Load() < due; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				return fmt.Errorf("only %d runs were answered before kill %d", c.answered.Load(), c.kills+1)
			}
		}
		c.gate.Lock()
		c.kills++
		c.generation++
		c.unanswered += int(c.inFlight.Load())
		victim := c.servers[c.kills%len(c.servers)]
		victim.Kill()
		c.gate.Unlock()
		if err := victim.Again(); err != nil {
			return err
		}
	}
	return nil
}

// work makes runs until all are made.
func (c *crashing) work(by caller) {
	seen := 0
	for n := c.next.Add(1); n <= crashRuns; n = c.next.Add(1) {
		id := newID()
		c.gate.RLock()
		c.inFlight.Add(1)
		if seen != c.generation {
			seen = c.generation
			by.restarted()
		}
		c.gate.RUnlock()
		a, err := by.run(id, int(n))
		c.gate.RLock()
		c.inFlight.Add(-1)
		killed := seen != c.generation
		c.gate.RUnlock()
		c.answered.Add(1)
		c.note(id, int(n), told{killed: killed}, a, err)
		c.progress()
	}
}

func (c *crashing) note(id string, n int, t told, a answer, err error) {
	if t.ok = err == nil && a.status == http.StatusOK; t.ok {
		did, bad := a.acted()
		t.right = bad == nil && did.ID == id && did.Twice == 2*n
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told[id] = t
	if !t.ok {
		c.messages[message(a, err)]++
	}
}

// message returns an error's text, without what differs from one error to the
// next.
func message(a answer, err error) string {
	if err != nil {
		text := err.Error()
		return text[strings.LastIndex(text, ": ")+1:]
	}
	var body struct{ Error string }
	_ = json.Unmarshal(a.result, &body)
	return fmt.Sprintf("%d %s %.120s", a.status, a.reason, body.Error)
}

// comparison compares what callers were told with the ledger.
type comparison struct {
	ok, errors int
	unhurt     int // errors of runs that were under way at no kill
	lost       int // executed, but its caller got an error
	wrong      int // answered 200 without exactly one line, or with another's result
	twice      int // activations with more than one line
}

func (c *crashing) compare() (out comparison) {
	lines := map[string]int{}
	text, err := os.ReadFile(c.ledger)
	if err != nil {
		out.wrong++ // then nothing is proven
	}
	for line := range strings.Lines(string(text)) {
		id := strings.TrimSuffix(line, "\n")
		if lines[id]++; lines[id] == 2 {
			out.twice++
		}
	}
	for id, t := range c.told {
		switch {
		case !t.ok:
			out.errors++
			if !t.killed {
				out.unhurt++
			}
			out.lost += min(1, lines[id])
		case !t.right || lines[id] != 1:
			out.ok++
			out.wrong++
		default:
			out.ok++
		}
	}
	return out
}
