package servermode

import (
	"context"
	"sync"

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
	done   chan struct{} // closed when result or err is set
	result []byte
	err    error
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
// Without an id every activation is its own.
func (a *activations) enter(key activationKey, parent context.Context) (mine *activation, first bool) {
	if key.id == "" {
		return &activation{ctx: parent}, true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if running, ok := a.running[key]; ok {
		return running, false
	}
	ctx, cancel := context.WithCancelCause(parent)
	mine = &activation{ctx: ctx, cancel: cancel, done: make(chan struct{})}
	a.running[key] = mine
	return mine, true
}

// leave records an activation's outcome for those who joined it.
func (a *activations) leave(key activationKey, mine *activation, result []byte, err error) {
	if key.id == "" {
		return
	}
	a.mu.Lock()
	delete(a.running, key)
	a.mu.Unlock()
	mine.result, mine.err = result, err
	close(mine.done)
	mine.cancel(nil)
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
