package process

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// ThrownError is what an action threw instead of returning.
type ThrownError struct{ Message string }

func (e *ThrownError) Error() string { return e.Message }

// framed gives a process several runs at once. Each run has a number, and its logs
// and its result come back in frames that carry it.
type framed struct {
	p      *Process
	reader sync.WaitGroup

	// mu guards what follows, and is held while logs change hands. Methods that do not
	// lock it are called with it held.
	mu   sync.Mutex
	last uint32
	runs []*framedRun // in flight, in the order in which they started
	over bool         // nothing is read any more

	// left is set when a caller left before its run's end. The process then gets no
	// new runs, and is killed when the others have their results.
	left atomic.Bool
}

// framedRun is one run in flight.
type framedRun struct {
	id      uint32
	sink    Sink          // nil once its caller has left
	wrote   chan struct{} // closed when its line is written, or never will be
	unseen  bool          // no byte of it was written; set before wrote is closed
	done    chan struct{} // closed when result and err are set
	result  []byte
	failure error
}

func newFramed(p *Process) *framed {
	f := &framed{p: p}
	f.reader.Go(f.read)
	return f
}

// run is Run for a framed process. A caller that leaves does not disturb the others:
// the process is killed when the last of them has its result.
func (f *framed) run(ctx context.Context, line []byte, sink Sink) ([]byte, error) {
	r := f.add(sink)
	if r == nil {
		return nil, ErrNotDelivered
	}
	go f.write(r, line)
	select {
	case <-r.done:
	case <-ctx.Done():
		if !f.leave(r, context.Cause(ctx)) {
			return nil, context.Cause(ctx)
		}
		<-r.done // when the process ends, unless the result is there
		if r.failure != nil {
			return nil, context.Cause(ctx)
		}
	}
	return r.result, r.failure
}

// add records a run. From now on the process's bare output goes to it.
func (f *framed) add(sink Sink) *framedRun {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over || !f.p.Alive() {
		return nil
	}
	f.last++
	r := &framedRun{id: f.last, sink: sink, wrote: make(chan struct{}), done: make(chan struct{})}
	f.runs = append(f.runs, r)
	f.p.logs.attach(sink)
	return r
}

// write sends a run's line to the process. It returns at the latest when the process
// ends.
func (f *framed) write(r *framedRun, line []byte) {
	defer close(r.wrote)
	text := append(strconv.AppendUint(make([]byte, 0, len(line)+11), uint64(r.id), 10), ' ')
	if n, err := f.p.in.Write(append(text, line...)); err != nil {
		r.unseen = n == 0
		f.p.Kill()
	}
}

// leave takes a caller away from its run. If it was the last caller, the process is
// killed and the run ends with it. Otherwise the caller need not wait.
func (f *framed) leave(r *framedRun, cause error) (wait bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.runs, r) {
		return true // it has ended just now
	}
	f.left.Store(true)
	if !slices.ContainsFunc(f.runs, func(other *framedRun) bool { return other != r && other.sink != nil }) {
		go f.p.stop(cause)
		return true
	}
	r.sink = nil
	f.p.logs.pass(f.owner())
	return false
}

// owner returns the sink of what the process writes to its bare streams: that of the
// run that started last.
func (f *framed) owner() Sink {
	for _, r := range slices.Backward(f.runs) {
		if r.sink != nil {
			return r.sink
		}
	}
	return nil
}
