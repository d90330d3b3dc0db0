// Package activation executes each activation at most once. One that arrives a
// second time joins the first, in flight or remembered; one in flight can be
// cancelled by its id.
package activation

import (
	"context"
	"time"

	"github.com/whiskaway/whiskaway/internal/singleflight"
)

// Run is an activation in flight, or the outcome of one that ended.
type Run struct {
	singleflight.Call[[]byte] // its waiters are connections

	id    id
	named bool // it has an id: others can join it
	until time.Time

	ctx    context.Context
	cancel context.CancelCauseFunc
}

func newRun(parent context.Context, until time.Time) *Run {
	r := &Run{until: until}
	r.ctx, r.cancel = context.WithCancelCause(parent)
	r.Begin(r.Cancel)
	return r
}

// Context returns the context of the run's execution. It ends when the run is
// cancelled.
func (r *Run) Context() context.Context { return r.ctx }

// Cancel ends the run's context.
func (r *Run) Cancel() { r.cancel(ErrCancelled) }

// CallerLeft notes that a caller's connection broke. A run without callers is
// cancelled after the grace: a caller that means to cancel says so at once.
func (r *Run) CallerLeft(grace time.Duration) { time.AfterFunc(grace, r.Leave) }
