// Package sentinel writes activations' logs to the two streams that the
// platform collects, and ends each with a sentinel. Logs of runs at once are
// kept until they are complete, up to a bound, so that each stays in one piece.
package sentinel

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Activation is where one activation's log goes. The kept text counts until
// Flush or End; every Activation ends with one of them.
type Activation interface {
	// Log passes on what the function wrote.
	Log(stream runtimespec.Stream, text []byte)
	// Complain adds a line of our own to stderr, where authors look.
	Complain(message string)
	// Flush writes the kept text, without a sentinel. Later text is live.
	Flush()
	// End flushes and writes the sentinel to both streams, each on a line of its own.
	End()
}

// Streams are a runtime's stdout and stderr. They are also an Activation, one
// with a live log, for work that has the streams to itself.
type Streams struct {
	out, err stream
	held     atomic.Int64 // bytes of logs that are kept
}

// New returns the streams that write to out and err.
func New(out, err io.Writer) *Streams {
	return &Streams{out: stream{w: out}, err: stream{w: err}}
}

// Activation starts an activation's log. apart says that the activation runs
// beside others: its log is kept until Flush or End, so that it stays in one
// piece.
func (s *Streams) Activation(apart bool) Activation {
	if apart {
		return &held{streams: s}
	}
	return s
}

// Log writes at once.
func (s *Streams) Log(which runtimespec.Stream, text []byte) {
	s.stream(which).log(text)
}

// Complain writes at once.
func (s *Streams) Complain(message string) { s.err.log([]byte(message + "\n")) }

// Flush has nothing to do: the log is live.
func (s *Streams) Flush() {}

// End ends the activation that has the streams to itself.
func (s *Streams) End() {
	s.out.end(nil)
	s.err.end(nil)
}

func (s *Streams) stream(which runtimespec.Stream) *stream {
	if which == runtimespec.Stdout {
		return &s.out
	}
	return &s.err
}

// ended is a sentinel after a line without its newline.
var ended = []byte("\n" + runtimespec.Sentinel + "\n")

type stream struct {
	mu      sync.Mutex // held across a write, so that the platform sees whole ones
	w       io.Writer
	midLine bool // the last byte written was not a newline
}

// log writes text. A failed write is ignored: without the streams there is
// nowhere to report it.
func (s *stream) log(text []byte) {
	if len(text) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.w.Write(text)
	s.midLine = text[len(text)-1] != '\n'
}

// flush writes a log that was kept, on a line of its own, in one write.
func (s *stream) flush(kept []byte) {
	if len(kept) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.w.Write(s.ownLine(kept))
	s.midLine = kept[len(kept)-1] != '\n'
}

// end writes the sentinel, after the log that was kept for it, in one write.
func (s *stream) end(kept []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := ended
	if n := len(kept); n > 0 && kept[n-1] == '\n' || n == 0 && !s.midLine {
		text = ended[1:]
	}
	if len(kept) > 0 {
		text = append(s.ownLine(kept), text...)
	}
	_, _ = s.w.Write(text)
	s.midLine = false
}

// ownLine starts a new line if another log's line is unfinished. The caller
// holds mu.
func (s *stream) ownLine(kept []byte) []byte {
	if s.midLine {
		return append([]byte{'\n'}, kept...)
	}
	return kept
}
