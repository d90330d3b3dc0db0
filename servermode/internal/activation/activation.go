// Package activation executes each activation at most once. One that arrives a
// second time joins the first, in flight or remembered; one in flight can be
// cancelled by its id.
package activation

import (
	"context"
	"sync/atomic"
	"time"
)

// Run is an activation in flight, or the outcome of one that ended.
type Run struct {
	id    id
	named bool // it has an id: others can join it
	until time.Time

	ctx     context.Context
	cancel  context.CancelCauseFunc
	callers atomic.Int32 // connections that wait for it

	done   chan struct{} // closed when result and err are set
	result []byte
	err    error
}

func newRun(parent context.Context, until time.Time) *Run {
	r := &Run{until: until, done: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancelCause(parent)
	r.callers.Store(1)
	return r
}

// Context returns the context of the run's execution. It ends when the run is
// cancelled.
func (r *Run) Context() context.Context { return r.ctx }

// Cancel ends the run's context.
func (r *Run) Cancel() { r.cancel(ErrCancelled) }

// Done returns a channel that is closed when the run has its outcome.
func (r *Run) Done() <-chan struct{} { return r.done }

// Outcome returns the run's result or error. It is for a run that is done.
func (r *Run) Outcome() ([]byte, error) { return r.result, r.err }

// CallerLeft notes that a caller's connection broke. A run without callers is
// cancelled after the grace. It is a grace because a caller that means to cancel
// says so at once.
func (r *Run) CallerLeft(grace time.Duration) {
	time.AfterFunc(grace, func() {
		if r.callers.Add(-1) == 0 {
			r.Cancel()
		}
	})
}
