package clientmode

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/clientmode/internal/pipe"
	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// observedLog is an activation's log that remembers whether it has a line.
type observedLog struct {
	sentinel.Activation
	has atomic.Bool
}

// Log passes the function's output on.
func (l *observedLog) Log(stream runtimespec.Stream, text []byte) {
	if len(text) > 0 {
		l.has.Store(true)
	}
	l.Activation.Log(stream, text)
}

// Complain adds a line of the client's own.
func (l *observedLog) Complain(message string) {
	l.has.Store(true)
	l.Activation.Complain(message)
}

// awaitCollection waits until the container engine has most likely written the log
// of a failure to its file. The platform waits for the sentinels of a success
// only; after any other answer it reads that file at once.
//
// First the pipes must be empty: what is in them is not in the file. That is not
// enough, because the engine passes a line through further buffers, which cannot be
// seen from within the container; so a pause follows. The wait ends when the caller
// hangs up, and before the platform's deadline.
func (c *Client) awaitCollection(ctx context.Context, d deadline) {
	if c.cfg.LogSettle <= 0 {
		return
	}
	ctx, cancel := context.WithDeadline(ctx, d.at.Add(-min(margin, d.limit/50)))
	defer cancel()
	drained, over := context.WithTimeout(ctx, drainTime)
	defer over()
	for pipe.Unread(c.cfg.Stdout)+pipe.Unread(c.cfg.Stderr) > 0 && sleep(drained, drainPause) {
	}
	sleep(ctx, c.cfg.LogSettle)
}

const (
	// drainTime bounds the wait for empty pipes: while other runs write, they may
	// never be empty.
	drainTime  = time.Second
	drainPause = time.Millisecond // the kernel has no event for a pipe that was emptied
)
