// Package initload is one init at one server: it is sent, what the function writes is
// kept for its owner, and whatever needs the function meanwhile waits for the end.
// Which server, and whether there is one under way already, is the state's to say.
package initload

import (
	"context"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/trace"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/backend"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Config is what a Loader works with.
type Config struct {
	*backend.Fleet
	InitTimeout func() time.Duration // the longest init
	Store       *codestore.Store
	Tracer      *trace.Tracer
	Done        func(ready bool, took time.Duration) // sees each init's end
}

// Loader has functions initialised at servers.
type Loader struct {
	Config
	background *semaphore.Weighted
}

// backgroundInits is how many background inits there are at once.
const backgroundInits = 8

// New returns a loader.
func New(c Config) *Loader {
	return &Loader{Config: c, background: semaphore.NewWeighted(backgroundInits)}
}

// Job is an init in flight, as whatever waits for it sees it.
type Job struct {
	exchange.Propagation // of the request that it is for
	Span                 trace.Span
	Log                  *Log // frames of it, for their owner

	done   chan struct{}
	answer Answer // what the server said; valid when done
	err    error  // or why it said nothing
}

// Of is the job of an init.
func Of(i *state.Init) *Job { return i.Job.(*Job) }

// Prepare makes the job of a new init, for the request that is its cause.
func (l *Loader) Prepare(i *state.Init, cause any) {
	j := &Job{done: make(chan struct{}), Log: newLog()}
	if x, ok := cause.(*exchange.Exchange); ok {
		j.Propagation, j.Span = x.Propagation, x.Span.Call("init at server")
	} else {
		j.Propagation, j.Span = exchange.Propagation{Hops: l.Incarnation}, l.Tracer.Begin("one more copy")
	}
	j.Trace = j.Span.Onward(j.Trace)
	j.Span.Text("faas.name", i.Recipe.Action)
	j.Span.Text("whiskaway.server", i.Server.Name)
	i.Job = j
}

// Wait waits for the end of an init.
func (j *Job) Wait(ctx context.Context) error {
	select {
	case <-j.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Result is what an init came to, when it has ended: what the server said, or why it
// said nothing.
func (j *Job) Result() (Answer, error) { return j.answer, j.err }

// Start carries an init out. A background one waits until others leave room. An init
// goes on when nothing waits for it any more: the next run will.
func (l *Loader) Start(i *state.Init) {
	l.Work.Go(func() {
		if i.Background && l.background.Acquire(l.Work, 1) == nil {
			defer l.background.Release(1)
		}
		l.carryOut(i, Of(i))
	})
}

func (l *Loader) carryOut(i *state.Init, j *Job) {
	ctx, cancel := context.WithTimeout(l.Work, l.InitTimeout())
	defer cancel()
	began, b, f := time.Now(), backend.Of(i.Server), i.Function
	j.answer, j.err = l.initialise(ctx, i, j)
	j.endSpan()
	now := time.Now()
	ready := j.err == nil && j.answer.OK()
	orphaned, fx := l.State.InitDone(i, ready, j.answer.Reason == runtimespec.Draining, now)
	close(j.done)
	l.CarryOut(fx)
	l.Done(ready, now.Sub(began))
	if j.err != nil && l.Work.Err() == nil {
		b.Check()
	}
	if ready {
		l.Log.Info("function is ready", zap.String("function", f.Key.Identity.Short()), zap.String("action", i.Recipe.Action), zap.String("tenant", f.Key.Tenant), zap.String("server", b.Name()))
	}
	if orphaned { // its last lease ended meanwhile
		l.Stop(j.Propagation, f.Key, "", []*state.Server{i.Server})
	}
}

func (j *Job) endSpan() {
	outcome := string(j.answer.Reason)
	switch {
	case j.err != nil:
		outcome = string(runtimespec.StartFailed)
	case j.answer.OK():
		outcome = exchange.OK
	}
	exchange.EndSpan(j.Span, outcome)
}
