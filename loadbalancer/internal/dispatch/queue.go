package dispatch

import (
	"errors"
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// passes reports whether a refusal is over when there is room, or a server comes back.
func passes(err error) bool {
	var r *refusal.Refusal
	if !errors.As(err, &r) {
		return false
	}
	switch r.Reason {
	case runtimespec.Saturated, runtimespec.Draining, runtimespec.TableFull:
		return true
	}
	return r.Away
}

// wait has a run wait until a server is found for it. If none is in time, the run is
// refused as it was before.
func (r *Run) wait(refused error) error {
	if err := r.enqueue(); err != nil {
		return err
	}
	began := time.Now()
	span := r.Span.Child("wait for a server")
	defer span.End()
	w := r.Waiting
	timer := time.NewTimer(w.Until.Sub(began))
	defer timer.Stop()
	select {
	case <-w.Woken:
	case <-timer.C:
	case <-r.ctx.Done():
	}
	left := r.d.State.LeaveQueue(&r.Run)
	r.Queued += time.Since(began)
	switch {
	case !left: // a server was found
		<-w.Woken
		r.d.Metrics.Queued(w.Waited)
		r.Tried = r.Tried[:0]
		r.placed = w.Err == nil
		return w.Err
	case r.ctx.Err() != nil:
		return r.ended(runtimespec.Expired, "the time was over before a server had room")
	}
	r.d.Metrics.QueueRefused(queue.Late)
	return refused
}

// enqueue gives the run its place.
func (r *Run) enqueue() error {
	if r.Waiting == nil {
		r.Waiting = &state.Waiting{}
	}
	r.Waiting.Woken = make(chan struct{})
	fx, err := r.d.State.Enqueue(&r.Run, time.Now())
	r.d.CarryOut(fx)
	var cause queue.Cause
	if !errors.As(err, &cause) {
		return err
	}
	r.d.Metrics.QueueRefused(cause)
	if cause == queue.Late {
		return state.ErrNoServer
	}
	return &refusal.Refusal{Reason: runtimespec.Saturated, Message: fmt.Sprintf("no server can take it now, and %s", causes[cause]), RetryAfter: time.Second}
}

var causes = map[queue.Cause]string{
	queue.Full:   "as many runs wait for a server as may: --queue",
	queue.Tenant: "as many of the tenant's runs wait for a server as may beside others': --queue",
	queue.Bytes:  "the runs that wait for a server leave no memory for this one",
}
