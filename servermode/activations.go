package servermode

import (
	"context"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// activationKey names an activation of one tenant's function.
type activationKey struct {
	function.Key
	id string
}

// activation is one that is being executed.
type activation struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	// callers are who waits for it; with the last one gone for the grace, it is
	// cancelled. Guarded by activations.mu.
	callers int
	done    chan struct{} // closed when result or err is set
	result  []byte
	err     error
}

// activations are the runs in flight: an activation that arrives twice is
// executed once, and one can be cancelled by its id.
type activations struct {
	mu      sync.Mutex // guards running
	running map[activationKey]*activation
}

func newActivations() *activations {
	return &activations{running: map[activationKey]*activation{}}
}

// enter records an activation, or returns the one in flight with its id.
// Without an id every activation is its own. One that is said to be in flight
// (again) and is not gives nil.
func (a *activations) enter(parent context.Context, key activationKey, again bool) (mine *activation, first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if running, ok := a.running[key]; ok {
		running.callers++
		return running, false
	}
	if again {
		return nil, false
	}
	ctx, cancel := context.WithCancelCause(parent)
	mine = &activation{ctx: ctx, cancel: cancel, callers: 1, done: make(chan struct{})}
	if key.id != "" {
		a.running[key] = mine
	}
	return mine, true
}

// leave records an activation's outcome for those who joined it.
func (a *activations) leave(key activationKey, mine *activation, result []byte, err error) {
	mine.cancel(nil)
	a.mu.Lock()
	if key.id != "" {
		delete(a.running, key)
	}
	a.mu.Unlock()
	mine.result, mine.err = result, err
	close(mine.done)
}

// left is called when a caller's connection broke: after the grace, a run that
// nobody waits for is cancelled.
func (a *activations) left(of *activation, grace time.Duration) {
	time.AfterFunc(grace, func() {
		a.mu.Lock()
		of.callers--
		last := of.callers == 0
		a.mu.Unlock()
		if last {
			of.cancel(errCancelled)
		}
	})
}

// cancel ends an activation in flight, if there is one.
func (a *activations) cancel(key activationKey) {
	a.mu.Lock()
	running := a.running[key]
	a.mu.Unlock()
	if running != nil {
		running.cancel(errCancelled)
	}
}
