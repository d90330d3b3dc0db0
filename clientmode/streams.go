package clientmode

import (
	"io"
	"sync"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// streams are the container's stdout and stderr, which the platform collects
// as the activation's logs, up to a sentinel on each.
type streams struct {
	out, err stream
}

type stream struct {
	mu      sync.Mutex // held across a write, so that the platform sees whole ones
	w       io.Writer
	midLine bool // the last byte written was no newline
}

func newStreams(out, err io.Writer) *streams {
	return &streams{out: stream{w: out}, err: stream{w: err}}
}

// log passes on what the function wrote.
func (s *streams) log(which runtimespec.Stream, text []byte) {
	if which == runtimespec.Stdout {
		s.out.write(text)
	} else {
		s.err.write(text)
	}
}

// complain writes one line of our own to stderr, where authors look.
func (s *streams) complain(message string) { s.err.write([]byte(message + "\n")) }

var sentinel = []byte(runtimespec.Sentinel + "\n")

// end writes the sentinel to both streams, each on a line of its own.
func (s *streams) end() {
	s.out.end()
	s.err.end()
}

func (s *stream) write(text []byte) {
	if len(text) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.w.Write(text) // with the container's streams gone nobody is left to tell
	s.midLine = text[len(text)-1] != '\n'
}

func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := sentinel
	if s.midLine {
		line = append([]byte{'\n'}, sentinel...)
	}
	_, _ = s.w.Write(line)
	s.midLine = false
}
