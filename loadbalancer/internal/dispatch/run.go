// Package dispatch is one run on its way: it picks a server, sends the run there, has
// the answer passed on, retries a run that was certainly not started, has it wait in
// the queue, and asks the server again that has a run which was sent before.
package dispatch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/backend"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/initload"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	// maxTries is how many servers are asked to start a run.
	maxTries = 3
	// maxPicks bounds the tries that a server's lost memory costs besides.
	maxPicks = 6
	// overdue is how long after a run's time is over its server may still say so.
	overdue = 25 * time.Millisecond
)

// Config is what a Dispatcher works with.
type Config struct {
	*backend.Fleet
	Queues  func() bool   // whether runs may wait for a server
	Policy  func() string // its name, for spans
	Metrics Metrics
	Refused func(error) // sees why a run that looked for a server was not executed
}

// Metrics are what runs count.
type Metrics interface {
	Picked(policy.Why)
	Retried(reason string)
	Queued(time.Duration)
	QueueRefused(queue.Cause)
}

// Dispatcher has runs executed.
type Dispatcher struct{ Config }

// New returns a dispatcher.
func New(c Config) *Dispatcher { return &Dispatcher{c} }

// Caller is where an answer goes.
type Caller interface {
	// Relay passes an answer on as it comes, and closes it. whole reports whether the
	// caller got all of it.
	Relay(ctx context.Context, answer *upstream.Response) (o policy.Outcome, whole bool)
	// Result is what was relayed, for spans.
	Result() string
}

// Body is what a run is sent with.
type Body interface{ Release() }

// Run is one run. Its owner sets the first fields.
type Run struct {
	state.Run
	*exchange.Exchange
	To     Caller
	Lease  string
	Accept string
	Asked  string // the incarnation that has it: it was sent before; empty: it was not
	Bytes  []byte // its body
	Body   Body   // gives them back

	d        *Dispatcher
	ctx      context.Context // ends with the run's time, its caller, or its cancelling
	dropping sync.Mutex      // guards the end of the body
	request  upstream.Request
	fields   [12]upstream.Field // the request's header
	span     trace.Span         // of the request to a server, before it the caller's
	placed   bool               // a server was found while it was queued
}

// Execute has a run executed within its time.
func (d *Dispatcher) Execute(r *Run, limit time.Duration) error {
	defer r.dropBody()
	r.d, r.span = d, r.Span
	ctx, cancel := context.WithTimeout(r.Caller, limit+overdue)
	defer cancel()
	r.ctx, r.Cancel = context.WithCancelCause(ctx)
	defer r.Cancel(nil)
	if r.Asked != "" {
		return r.ask()
	}
	r.Size, r.Cause, r.Run.Tenant = int64(len(r.Bytes)), r.Exchange, r.Exchange.Tenant
	first, err := d.State.RunArrived(&r.Run, r.Lease, time.Now())
	if err != nil {
		return err
	}
	r.Span.Text("faas.name", r.Action)
	if first != nil {
		return r.join(first)
	}
	defer func() { d.CarryOut(d.State.RunEnded(&r.Run)) }()
	if err = r.execute(); err != nil {
		d.Refused(err)
	}
	return err
}

// dropBody ends the use of the run's body, once it is sent to no server any more. A
// second call does nothing.
func (r *Run) dropBody() {
	r.dropping.Lock()
	defer r.dropping.Unlock()
	r.request.Body, r.Bytes = nil, nil
	r.Body.Release()
}

// execute has the run executed, if there is room for it in time.
func (r *Run) execute() error {
	for {
		err := r.tryServers()
		if err == nil || !r.d.Queues() || !passes(err) {
			return err
		}
		if err := r.wait(err); err != nil {
			return err
		}
	}
}

// tryServers sends the run to one server after another until one has it. Only a
// server that has certainly not started it is followed by another.
func (r *Run) tryServers() error {
	var last error
	for range maxPicks {
		if r.placed {
			r.placed = false
		} else if err := r.pick(); err != nil {
			if last == nil {
				last = err
			}
			return last
		}
		retry, err := r.tryServer()
		if err == nil || !retry {
			return err
		}
		if last = hopeful(last, err); len(r.Tried) >= maxTries {
			return last
		}
	}
	return last
}

// tryServer sends the run to the server that was picked, after the init that it waits
// for. After an error, retry reports whether the run has certainly not been started.
func (r *Run) tryServer() (retry bool, err error) {
	r.d.Metrics.Picked(r.Why)
	if r.Init != nil {
		if retry, err := r.awaitInit(); err != nil {
			return retry, err
		}
	}
	return r.attempt()
}

func (r *Run) pick() error {
	fx, err := r.d.State.Pick(&r.Run, time.Now())
	r.d.CarryOut(fx)
	return err
}

// hopeful is what a run comes to after two servers: the later refusal, unless the
// earlier is one that passes and the later is not.
func hopeful(earlier, later error) error {
	if passes(earlier) && !passes(later) {
		return earlier
	}
	return later
}

// awaitInit waits for the init that the run needs; retry reports whether another
// server may be asked.
func (r *Run) awaitInit() (retry bool, err error) {
	j, s := initload.Of(r.Init), r.Server
	waiting := r.Span.Child("wait for init")
	waiting.Text("whiskaway.server", s.Name)
	waiting.With(j.Span)
	defer func() { endWaiting(waiting, err) }()
	if err := j.Wait(r.ctx); err != nil {
		r.finish(policy.Answer{Outcome: policy.Left}, nil)
		return false, r.ended(runtimespec.Expired, "the time was over while the function was initialised at a server")
	}
	a, failed := j.Result()
	switch {
	case failed == nil && a.OK():
		if err := r.d.State.InitAwaited(&r.Run); err != nil {
			r.finish(policy.Answer{Outcome: policy.Left}, nil)
			return false, err
		}
		return false, nil
	case errors.Is(failed, initload.ErrNoCode):
		retry, err = false, state.ErrUnknownFunction
	case errors.Is(failed, upstream.ErrNoHTTP):
		retry, err = true, backend.Of(s).GarbledUnsent(failed)
	case failed != nil:
		retry, err = true, initload.Failed(backend.Of(s), failed)
	default:
		retry, err = a.Elsewhere(), &refusal.Refusal{Reason: a.Reason, Message: a.Message(), RetryAfter: a.RetryAfter}
	}
	r.d.CarryOut(r.d.State.Refused(&r.Run, "", a.RetryAfter, nil, time.Now()))
	return retry, err
}

func endWaiting(span trace.Span, err error) {
	if err != nil && span.On() {
		exchange.EndSpan(span, string(refusal.ReasonOf(err)))
		return
	}
	span.End()
}

// finish ends what a pick started.
func (r *Run) finish(a policy.Answer, report *runtimespec.Load) {
	r.d.CarryOut(r.d.State.Answered(&r.Run, a, report, time.Now()))
}

var errCancelled = errors.New("the caller cancelled it")

// CancelRun ends a run that is at no server.
func CancelRun(r *state.Run) { r.Cancel(errCancelled) }

// ended is the outcome of a run that has no time, or no caller, left.
func (r *Run) ended(reason runtimespec.Reason, text string) error {
	switch {
	case errors.Is(context.Cause(r.ctx), errCancelled):
		return refusal.New(runtimespec.Cancelled, "the activation was cancelled before it was sent to a server")
	case r.Caller.Err() != nil:
		return exchange.ErrLeft
	}
	return refusal.New(reason, "%s", text)
}

// Cancel has a run cancelled: where it is, or if that is not known, everywhere.
func (d *Dispatcher) Cancel(from exchange.Propagation, k state.Key, activation string) (told <-chan struct{}) {
	at, fx := d.State.Cancelled(k, activation)
	d.CarryOut(fx)
	return d.Stop(from, k, activation, at)
}
