package process

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// These are errors of a process that is a web server. ErrUnfit means that it can
// never be given runs, ErrNotReady that its time was up before it was ready.
var (
	ErrUnfit    = errors.New("its web server cannot be used")
	ErrNotReady = errors.New("the action's web server was not ready in time")
)

// firstLook and lastLook are the shortest and the longest pause between two
// looks at whether a web server is ready.
const (
	firstLook = time.Millisecond
	lastLook  = 50 * time.Millisecond
	// hintAfter is how long a web server may be missing before its author gets a
	// hint. The wait goes on, because the server may listen on another port for
	// another purpose.
	hintAfter = time.Second
)

// serves waits until the process's web server can be given runs. It writes hints to
// sink while there is time.
func (p *Process) serves(ctx context.Context, sink Sink) error {
	alive, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-p.exited:
			stop()
		case <-alive.Done():
		}
	}()
	last, told, start := "", false, time.Now()
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		missing, err := p.spec.Web.Ready(alive)
		if last != "" && alive.Err() != nil { // this look was cut short
			missing = last + ", then " + missing
		}
		last = missing
		switch {
		case sandbox.ExitedWithin(p.pidfd, 0):
			return ErrExited
		case ctx.Err() != nil:
			return p.notReady(context.Cause(ctx), last)
		case err != nil:
			return err
		case missing == "":
			return nil
		}
		if !told && time.Since(start) > hintAfter {
			told = p.tellHint(sink, missing)
		}
		select {
		case <-alive.Done():
		case <-time.After(pause):
		}
	}
}

// notReady returns an error that says what was missing, if the time was up.
func (p *Process) notReady(cause error, missing string) error {
	var limit interface{ Timeout() bool }
	if !errors.As(cause, &limit) || !limit.Timeout() {
		return cause
	}
	if hint := p.spec.Web.Hint(); hint != "" {
		missing += "; " + hint
	}
	return fmt.Errorf("%w: %w: %s", ErrNotReady, cause, missing)
}

// tellHint tells the author what is missing, and the likely cause if one is known.
func (p *Process) tellHint(sink Sink, missing string) (told bool) {
	hint := p.spec.Web.Hint()
	if hint != "" {
		sink.Log(runtimespec.Stderr, []byte(missing+"; "+hint+": waiting for it to listen on the port in PORT\n"))
	}
	return hint != ""
}
