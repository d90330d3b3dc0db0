package process

import (
	"context"
	"errors"
	"os"
)

// Run hands one activation to the process: line is one JSON object that ends
// with a newline. The result is the process's line, without its newline; it is
// not checked. After an error the process may be dead: ask Alive.
func (p *Process) Run(ctx context.Context, line []byte, sink Sink) (result []byte, err error) {
	if p.out.look(); !p.Alive() || p.out.rest || p.out.eof {
		p.Kill()
		return nil, ErrNotDelivered
	}
	p.logs.begin(sink)
	written := 0
	result, err = p.interruptible(ctx, func() ([]byte, error) {
		var err error
		if written, err = p.in.Write(line); err != nil {
			return p.writeFailed(written, err)
		}
		return p.out.line()
	})
	if err == nil {
		if p.out.look(); p.out.rest {
			err = ErrExtraOutput
		}
	}
	if err != nil && !errors.Is(err, ErrTooLarge) {
		p.Kill()
		<-p.gone // so that its last words are in the pipes
	}
	p.logs.finish(sink)
	return result, err
}

// writeFailed says what a failed write means: with not one byte taken the
// process never saw the run.
func (p *Process) writeFailed(written int, err error) ([]byte, error) {
	if written == 0 && !errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, ErrNotDelivered
	}
	return nil, ErrExited
}
