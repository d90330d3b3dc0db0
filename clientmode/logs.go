package clientmode

import (
	"context"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// noted is an activation's log that remembers whether it has a line.
type noted struct {
	sentinel.Activation
	has atomic.Bool
}

// Log passes on what the function wrote.
func (n *noted) Log(stream runtimespec.Stream, text []byte) {
	if len(text) > 0 {
		n.has.Store(true)
	}
	n.Activation.Log(stream, text)
}

// Complain adds a line of our own.
func (n *noted) Complain(message string) {
	n.has.Store(true)
	n.Activation.Complain(message)
}

// collected waits until the engine has most likely written the log of a failure
// to its file. The platform waits for the sentinels of a success only; after any
// other answer it reads that file at once.
//
// Two things are waited for. That the pipes are empty is certain: what is in
// them is in no file. But it is not enough, because the engine passes a line on
// through more hands before it writes it, and none of them can be looked at from
// in here; so a pause follows. It ends when the caller hangs up, and before the
// platform's deadline.
func (c *Client) collected(ctx context.Context, d deadline) {
	if c.cfg.LogSettle <= 0 {
		return
	}
	ctx, cancel := context.WithDeadline(ctx, d.at.Add(-min(margin, d.limit/50)))
	defer cancel()
	drained, over := context.WithTimeout(ctx, drainTime)
	defer over()
	for unread(c.cfg.Stdout)+unread(c.cfg.Stderr) > 0 && rest(drained, drainPause) {
	}
	rest(ctx, c.cfg.LogSettle)
}

const (
	// drainTime bounds the wait for empty pipes: where several runs write at once,
	// they may never be.
	drainTime  = time.Second
	drainPause = time.Millisecond // the kernel tells nobody that a pipe is empty
)

// unread is how many bytes wait in a stream that is a pipe; of anything else
// nothing is known, so 0.
func unread(w io.Writer) int {
	if pipe, ok := w.(*os.File); ok {
		return pipeBytes(pipe)
	}
	return 0
}
