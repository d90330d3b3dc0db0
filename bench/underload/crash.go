package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/service"
)

const (
	crashRuns    = 10_000
	crashKills   = 10
	crashCallers = 16
	crashSleep   = 2 // milliseconds after the line in the ledger
)

// crash kills a server again and again under load and compares what callers
// were told with what was executed.
func crash(r *rig) (out result, err error) {
	out.Columns = []string{"10,000 runs", "answered 200", "errors", "unanswered at the kills", "in the ledger, answered with an error", "without a line or with a wrong result", "executed twice"}
	bar := newBar(2*crashRuns, "crash")
	for _, arm := range []struct {
		name string
		make callerMaker
	}{{"through a client container each", throughClients}, {"directly", directly}} {
		server, err := r.server()
		if err != nil {
			return out, err
		}
		c := &crashing{progress: func() { _ = bar.Add(1) }, front: server, servers: []*service.Service{server}}
		err = c.measure(r, arm.make)
		server.Stop()
		if err != nil {
			return out, fmt.Errorf("%s: %w", arm.name, err)
		}
		out.addCrash(arm.name, c)
	}
	return out, nil
}

func (r *result) addCrash(name string, c *crashing) {
	verdict := c.compare()
	r.row(name, fmt.Sprint(verdict.ok), fmt.Sprint(verdict.errors), fmt.Sprint(c.unanswered), fmt.Sprint(verdict.lost), fmt.Sprint(verdict.wrong), fmt.Sprint(verdict.twice))
	r.Goals = append(r.Goals,
		goal{name + ": each 200 has one line and the right result", "0 without", fmt.Sprint(verdict.wrong), verdict.wrong == 0 && verdict.ok > 0},
		goal{name + ": executed twice", "0", fmt.Sprint(verdict.twice), verdict.twice == 0},
		goal{name + ": errors of runs that were under way at no kill", "0", fmt.Sprint(verdict.unhurt), verdict.unhurt == 0},
		goal{name + ": errors against runs unanswered at the kills", fmt.Sprintf("≤ %d", c.unanswered), fmt.Sprint(verdict.errors), verdict.errors <= c.unanswered})
	r.sample(name+": kills", float64(c.kills))
	r.sample(name+": seconds", c.took.Seconds())
	for message, n := range c.messages {
		r.sample(name+": error: "+message, float64(n))
	}
}

// caller makes a run and returns what its caller is told.
type caller interface {
	run(id string, number int) (answer, error)
	// restarted tells it that the server was killed.
	restarted()
	close()
}

// callerMaker makes an arm's callers. Those that exist are closed even if it
// fails.
type callerMaker func(r *rig, s *service.Service, f *function, ledger string) ([]caller, error)

// crashing is one arm: callers, and servers that are killed in turn while they
// call.
type crashing struct {
	progress func()
	front    *service.Service // what the callers call
	servers  []*service.Service
	ledger   string

	next     atomic.Int64
	answered atomic.Int64

	// gate is held by a kill, and shared for a moment where a run starts, so
	// that it is known which runs were unanswered.
	gate       sync.RWMutex
	generation int // kills so far; guarded by gate
	inFlight   atomic.Int64
	unanswered int
	kills      int
	took       time.Duration

	mu       sync.Mutex // guards what follows
	told     map[string]told
	messages map[string]int // of errors
}

// told is what a caller was told about its run.
type told struct {
	ok     bool
	right  bool
	killed bool // a server was, while it was unanswered
}

func (c *crashing) measure(r *rig, make callerMaker) (err error) {
	if c.ledger, err = newLedger(r.dir); err != nil {
		return err
	}
	f := r.action(map[string]string{"WHISKAWAY_MAX_INSTANCES": fmt.Sprint(crashCallers)})
	callers, err := make(r, c.front, f, c.ledger)
	defer func() {
		for _, each := range callers {
			each.close()
		}
	}()
	if err != nil {
		return err
	}
	c.told, c.messages = map[string]told{}, map[string]int{}
	begin := time.Now()
	var working sync.WaitGroup
	for _, each := range callers {
		working.Go(func() { c.work(each) })
	}
	err = c.killer()
	working.Wait()
	c.took = time.Since(begin)
	return err
}

// newLedger returns a file that every function may write to.
func newLedger(dir string) (string, error) {
	f, err := os.CreateTemp(dir, "ledger-")
	if err != nil {
		return "", err
	}
	return filepath.Clean(f.Name()), errors.Join(f.Chmod(0o666), f.Close())
}
