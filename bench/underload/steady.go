package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// steadyCallers is how many runs are in flight at any time while something
// happens to servers.
const steadyCallers = 16

// steady is a load that lasts until it is ended: runs that sleep a little.
type steady struct {
	end  context.CancelFunc
	done chan load.Result
}

// startSteady starts the load on a client container that has been initialised.
func startSteady(target *load.Target) *steady {
	ctx, cancel := context.WithCancel(context.Background())
	s := &steady{cancel, make(chan load.Result, 1)}
	go func() {
		s.done <- load.Closed(ctx, []*load.Target{target}, told2ms, load.Plan{Callers: steadyCallers, Limit: answerLimit})
	}()
	return s
}

// stop ends the load and waits for runs that were sent.
func (s *steady) stop() load.Result {
	s.end()
	return <-s.done
}

// orders is work that tells the action what to do. A run's answer is right if
// it names the run.
type orders func() (value string)

var told2ms orders = func() string { return `{"sleep":2}` }

func (o orders) Next(_ []byte, _ int) []byte { return []byte(runBody(o(), newID())) }

func (o orders) Check(body []byte, got *load.Answer) error {
	a, err := newAnswer(got)
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("%s", message(a, nil))
	}
	if err != nil {
		return err
	}
	did, err := a.acted()
	if err == nil && !names(body, did.ID) {
		err = fmt.Errorf("the answer is another run's")
	}
	return err
}

// names reports whether a run's body ends with an activation id.
func names(body []byte, id string) bool {
	end := `"` + id + `"}`
	return id != "" && len(body) >= len(end) && string(body[len(body)-len(end):]) == end
}
