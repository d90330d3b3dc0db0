package process

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Web speaks to the web server that a process is.
type Web interface {
	// Ready checks once whether the server can be given runs, and returns what is
	// missing if not. An error means that it never can be.
	Ready(ctx context.Context) (missing string, err error)
	// Hint returns a likely cause of a server that is not ready; it may be empty.
	Hint() string
	// Run hands over one activation, once, and returns its result of at most max
	// bytes. ErrNotDelivered means that the connection failed.
	Run(ctx context.Context, line []byte, max int) ([]byte, error)
	// Close ends its connections.
	Close()
}

// web gives a process's web server its runs, several at once if it may.
type web struct {
	p *Process

	mu   sync.Mutex // guards what follows and is held while logs change hands
	runs []*webRun  // in flight, in the order in which they started

	// left is set when a caller left before its run's end, or the server takes no
	// connection. The process then gets no new runs, and is killed after the others.
	left atomic.Bool
}

type webRun struct{ sink Sink }

func (w *web) run(ctx context.Context, line []byte, sink Sink) ([]byte, error) {
	r := w.add(sink)
	if r == nil {
		return nil, ErrNotDelivered
	}
	alive, stop := w.p.untilGone(ctx)
	result, err := w.p.spec.Web.Run(alive, line, w.p.spec.MaxResult)
	stop()
	return result, w.end(r, w.sort(ctx, err))
}

// add records a run. From now on the process's output goes to it.
func (w *web) add(sink Sink) *webRun {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.p.Alive() {
		return nil
	}
	r := &webRun{sink}
	w.runs = append(w.runs, r)
	w.p.logs.attach(sink)
	return r
}

// untilGone returns a context that ends with ctx, or a little after the process. An
// answer that the process gave before its end is still read.
func (p *Process) untilGone(ctx context.Context) (context.Context, context.CancelFunc) {
	alive, stop := context.WithCancel(ctx)
	go func() {
		select {
		case <-p.gone:
		case <-alive.Done():
			return
		}
		select {
		case <-time.After(exitPause):
			stop()
		case <-alive.Done():
		}
	}()
	return alive, stop
}

// sort returns the meaning of a run's failure.
func (w *web) sort(ctx context.Context, err error) error {
	switch {
	case err == nil, errors.Is(err, ErrTooLarge):
		return err
	case ctx.Err() != nil:
		w.left.Store(true)
		return context.Cause(ctx)
	case errors.Is(err, ErrNotDelivered):
		w.left.Store(true)
		return err
	}
	select {
	case <-w.p.exited:
		return ErrExited
	case <-time.After(exitNotice):
		return err
	}
}

// end takes a run out, with the logs that are in the pipes by now. If no other run
// is in the process and it is not to be used again, it is killed first, so that its
// last output is included.
func (w *web) end(r *webRun, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ended := w.p.endedItself(err)
	if w.left.Load() && len(w.runs) == 1 {
		w.p.stop(err)
	}
	select {
	case <-w.p.killed:
		<-w.p.gone
	case <-w.p.exited:
		<-w.p.gone
	default:
	}
	w.runs = slices.DeleteFunc(w.runs, func(other *webRun) bool { return other == r })
	var next Sink
	if n := len(w.runs); n > 0 {
		next = w.runs[n-1].sink
	}
	w.p.logs.pass(next)
	if ended {
		return w.p.how()
	}
	return err
}
