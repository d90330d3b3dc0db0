package loadbalancer

import (
	"errors"
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// line is the runs that found no server.
type line = queue.Queue[*function, *flight]

// waiter is a run's place in the line. What is guarded is so by Balancer.mu.
type waiter struct {
	entry  *queue.Entry[*function, *flight] // guarded
	since  time.Time
	until  time.Time
	called chan struct{} // closed when a server was found, or err
	tries  bool          // the server that was found did not show room; guarded
	err    error         // valid when called
}

// mayWait is whether a run that was refused may find a server later: room, or
// one that comes back.
func (b *Balancer) mayWait(err error) bool {
	return b.settings().Queue >= 0 && passes(err)
}

// passes reports whether a refusal is over when there is room, or a server comes
// back.
func passes(err error) bool {
	var r *Refusal
	if !errors.As(err, &r) {
		return false
	}
	switch r.Reason {
	case runtimespec.Saturated, runtimespec.Draining, runtimespec.TableFull:
		return true
	}
	return r.Away
}

// wait has a run wait until a server is found for it. If none is in time, the run
// is refused as it was before.
func (r *flight) wait(refused error) error {
	if err := r.queue(); err != nil {
		return err
	}
	w := r.waiter
	began := time.Now()
	span := r.c.span.Child("wait for a server")
	defer span.End()
	timer := time.NewTimer(w.until.Sub(began))
	defer timer.Stop()
	select {
	case <-w.called:
	case <-timer.C:
	case <-r.ctx.Done():
	}
	r.b.mu.Lock()
	left := r.b.line.Leave(w.entry)
	r.b.mu.Unlock()
	r.c.waited += time.Since(began)
	switch {
	case !left: // somebody was quicker
		<-w.called
		r.tried = r.tried[:0]
		r.placed = w.err == nil
		return w.err
	case r.ctx.Err() != nil:
		return r.ended(runtimespec.Expired, "the time was over before a server had room")
	}
	r.b.metrics.queueRefused.WithLabelValues("time").Inc()
	return refused
}

// queue gives a run its place: behind the others of its function, or before them
// if it was there and found no server after all.
func (r *flight) queue() error {
	b, now := r.b, time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.cancelled {
		return errCancelledUnsent()
	}
	w := r.waiter
	if w == nil {
		w = &waiter{since: now, until: queue.Until(now, r.deadline, b.settings().QueueWait)}
	}
	if !w.until.After(now) {
		b.metrics.queueRefused.WithLabelValues("time").Inc()
		return errNobody()
	}
	w.called = make(chan struct{})
	if r.waiter != nil {
		b.line.Return(w.entry)
	} else {
		if b.line.Waiting(r.f) == 0 {
			r.f.recall.found()
		}
		entry, cause := b.line.Join(r.c.tenant, r.f, r, int64(len(r.body.bytes)))
		if cause != "" {
			b.metrics.queueRefused.WithLabelValues(string(cause)).Inc()
			return errFull(cause)
		}
		w.entry, r.waiter = entry, w
	}
	b.recallLater(r.f, now)
	if len(r.tried) == 0 { // what became free since it was picked for
		b.serve(now, nil)
	}
	return nil
}

var causes = map[queue.Cause]string{
	queue.Full:   "as many runs wait for a server as may: --queue",
	queue.Tenant: "as many of the tenant's runs wait for a server as may beside others': --queue",
	queue.Bytes:  "the runs that wait for a server leave no memory for this one",
}

// errFull is for a run that may not even wait.
func errFull(cause queue.Cause) error {
	return &Refusal{Reason: runtimespec.Saturated, Message: fmt.Sprintf("no server can take it now, and %s", causes[cause]), RetryAfter: time.Second}
}
