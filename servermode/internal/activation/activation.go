// Package activation executes each activation at most once. A repeated id joins the
// run in flight or gets the recorded outcome, and a run in flight can be cancelled
// by its id.
//
// An activation is remembered until after its deadline: its outcome, and its result
// within a budget of bytes. Without its result it is refused as ErrResultGone. A
// full table refuses new work and forgets nothing early. A run that did not start
// leaves no record, so that it may be tried again. Ids are hashed (SHA-256 of
// tenant, identity and id, of which 16 bytes are kept), so a million of them take
// some 100 MB. Each part of the table has its own lock, which is held for moments
// only.
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
