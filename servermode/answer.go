package servermode

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
)

const (
	// headAfter is how long an answer waits for its result before its head is sent:
	// the head names the server that executes. Logs are gathered for as long before
	// they are sent.
	headAfter = 5 * time.Millisecond
	// flushAt is how many gathered bytes are sent at once.
	flushAt = 16 << 10
)

var asFrames = []string{runtimespec.MediaFrames}

// answer writes logs and one result, as frames if the caller asked for them.
// A quick small answer is one write with its Content-Length; a slow one becomes
// a stream. It is the sink of a run's logs: Log never waits for the network.
type answer struct {
	invoke.Stages // of the run or init
	c             *call
	frames        bool

	mu     sync.Mutex // guards what follows, never held across a write
	buf    []byte     // frames not yet sent
	armed  bool       // the timer will call flush
	budget invoke.LogBudget
	done   bool
	timer  *time.Timer

	writing  sync.Mutex // held across a write, so that frames stay in order
	streamed bool       // the head is out; guarded by writing
	spare    []byte     // the buffer that is not being filled; guarded by writing
}

func (s *Server) answer(c *call) *answer {
	a := &answer{Stages: invoke.Stages{Of: c.Span}, c: c, frames: c.WantsFrames(), budget: invoke.LogBudget{Max: s.cfg.MaxLog}}
	if a.frames {
		s.endpoint.Sign(c.W.Header())
		a.mu.Lock()
		defer a.mu.Unlock()
		a.armed, a.timer = true, time.AfterFunc(headAfter, a.flush)
	}
	return a
}

// Log takes what the function wrote.
func (a *answer) Log(stream runtimespec.Stream, text []byte) {
	if !a.frames {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done {
		return
	}
	if text = a.budget.Take(text); len(text) == 0 {
		return
	}
	a.buf = runtimespec.AppendLog(a.buf, stream, text)
	switch {
	case len(a.buf) >= flushAt:
		a.timer.Reset(0)
	case !a.armed:
		a.timer.Reset(headAfter)
	}
	a.armed = true
}

// flush sends what has been gathered. The timer calls it.
func (a *answer) flush() {
	a.writing.Lock()
	defer a.writing.Unlock()
	a.mu.Lock()
	if a.done {
		a.mu.Unlock()
		return
	}
	out := a.buf
	a.buf = a.spare[:0]
	a.armed = false
	a.mu.Unlock()
	if a.send(out) {
		_ = http.NewResponseController(a.c.W).Flush()
	}
	a.spare = out
}

// send writes frames into the stream, and starts the stream if need be. It reports
// whether there is anything to flush. It is called with writing held.
func (a *answer) send(out []byte) bool {
	first := !a.streamed
	if first {
		a.streamed = true
		a.c.W.Header()["Content-Type"] = asFrames
		a.c.W.WriteHeader(http.StatusOK)
	}
	if len(out) > 0 {
		_, _ = a.c.W.Write(out) // a caller that left is noticed by its request's context
	}
	return first || len(out) > 0
}

// close stops the timer and takes what is left to send.
func (a *answer) close() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done = true
	if a.timer != nil {
		a.timer.Stop()
	}
	return a.buf
}

// finish ends the answer with a result of the action.
func (a *answer) finish(result []byte) error {
	a.end("", http.StatusOK, result)
	return nil
}

// fail ends the answer with an error. Without logs, sent or gathered, it leaves the
// answer to the endpoint.
func (a *answer) fail(err error) error {
	if !a.frames || a.closeIfEmpty() {
		return err
	}
	r := a.c.Note(err)
	a.end(r.Reason, r.StatusCode(), r.Body())
	return nil
}

// closeIfEmpty ends the answer if it has no logs and its head is not out. It reports
// whether it did.
func (a *answer) closeIfEmpty() bool {
	a.writing.Lock()
	defer a.writing.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.streamed || a.budget.Used > 0 {
		return false
	}
	a.done = true
	a.timer.Stop()
	return true
}

func (a *answer) end(reason runtimespec.Reason, status int, result []byte) {
	rest := a.close()
	a.writing.Lock() // a flush may be under way
	defer a.writing.Unlock()
	if !a.frames {
		a.c.Answer(status, result)
		return
	}
	if reason != "" {
		rest = runtimespec.AppendFrame(rest, runtimespec.Cause, 0, []byte(reason))
	}
	rest = runtimespec.AppendFrameHeader(rest, runtimespec.Result, status, len(result))
	if !a.streamed {
		h := a.c.W.Header()
		h["Content-Length"] = []string{strconv.Itoa(len(rest) + len(result))}
		if reason != "" {
			h[runtimespec.HeaderReason] = []string{string(reason)}
		}
	}
	if len(result) <= flushAt { // one write for a small answer
		a.send(append(rest, result...))
		return
	}
	a.send(rest)
	_, _ = a.c.W.Write(result)
}
