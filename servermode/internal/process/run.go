package process

import (
	"context"
	"errors"
)

// Run gives one activation to the process. line is one JSON object that ends with a
// newline. The result is the process's line without its newline, unchecked. After an
// error the process may be dead: ask Alive.
func (p *Process) Run(ctx context.Context, line []byte, sink Sink) (result []byte, err error) {
	if ctx.Err() != nil { // nothing was delivered, so the process stays usable
		return nil, context.Cause(ctx)
	}
	switch {
	case p.framed != nil:
		return p.framed.run(ctx, line, sink)
	case p.web != nil:
		return p.web.run(ctx, line, sink)
	}
	if p.out.look(); !p.Alive() || p.out.rest || p.out.eof {
		p.Kill()
		return nil, ErrNotDelivered
	}
	p.logs.attach(sink)
	result, err = p.interruptible(ctx, func() ([]byte, error) {
		if written, err := p.in.Write(line); err != nil {
			return nil, writeFailed(written)
		}
		return p.out.line()
	})
	if err == nil {
		if p.out.look(); p.out.rest {
			result, err = nil, ErrExtraOutput
		}
	}
	if err != nil && !errors.Is(err, ErrTooLarge) {
		err = p.end(err)
	}
	p.logs.detach(sink)
	return result, err
}

// writeFailed returns the meaning of a failed write. If no byte was taken, the
// process never saw the run.
func writeFailed(written int) error {
	if written == 0 {
		return ErrNotDelivered
	}
	return ErrExited
}
