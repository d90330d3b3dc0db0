package process

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// read takes frames until the process ends or breaks the protocol.
func (f *framed) read() {
	in, buf := bufio.NewReaderSize(f.p.out, readSize), make([]byte, 0, firstRead)
	for {
		var next frame
		var err error
		if next, buf, err = readFrame(in, buf, f.p.spec.MaxResult); err == nil {
			err = f.take(next)
		}
		if err != nil {
			f.end(err)
			return
		}
		if cap(buf) > maxLogFrame { // after a large result
			buf = nil
		}
	}
}

func (f *framed) take(next frame) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := slices.IndexFunc(f.runs, func(r *framedRun) bool { return r.id == next.run })
	switch {
	case at < 0:
		return fmt.Errorf("%w: no run %d is in flight", ErrProtocol, next.run)
	case next.stream == runtimespec.Result:
		r := f.runs[at]
		f.remove(at)
		r.settle(next, f.p.spec.MaxResult)
		if f.left.Load() && f.owner() == nil { // no caller waits for the process any more
			f.p.Kill()
		}
	case f.runs[at].sink != nil:
		f.p.logs.give(f.runs[at].sink, next.stream, next.payload)
	}
	return nil
}

// remove takes a run out, with the logs that are in the pipes by now.
func (f *framed) remove(at int) {
	f.runs = slices.Delete(f.runs, at, at+1)
	f.p.logs.pass(f.owner())
}

// settle ends a run with its result frame.
func (r *framedRun) settle(last frame, max int) {
	switch {
	case last.payload == nil && last.length > 0:
		r.failure = fmt.Errorf("%w: %d > %d bytes", ErrTooLarge, last.length, max)
	case last.status == statusThrown:
		r.failure = &ThrownError{Message: string(bytes.ToValidUTF8(last.payload, []byte("?")))}
	default:
		r.result = slices.Clone(last.payload)
	}
	close(r.done)
}

// end kills the process and fails the runs in flight. It waits until the process's
// tree is dead, so that its last output is in the pipes.
func (f *framed) end(cause error) {
	if !errors.Is(cause, ErrProtocol) {
		cause = ErrExited
	}
	cause = f.p.end(cause)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	f.p.logs.pass(nil)
	for _, r := range f.runs {
		<-r.wrote // at once: the pipe has no reader
		if r.failure = cause; r.unseen {
			r.failure = ErrNotDelivered
		}
		close(r.done)
	}
	f.runs = nil
}
