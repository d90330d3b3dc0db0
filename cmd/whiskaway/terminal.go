package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// terminal is where people look. Each line is written whole, whoever writes.
type terminal struct {
	mu sync.Mutex // held across a write
	w  io.Writer
}

// say writes one line, or several.
func (t *terminal) say(format string, args ...any) {
	line := strings.TrimRight(fmt.Sprintf(format, args...), "\n") + "\n"
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = io.WriteString(t.w, line) // with nobody there to read, the work goes on
}

// marks shows a container's logs as they come, each line with what it belongs
// to: a container does one thing at a time.
type marks struct {
	term *terminal

	mu   sync.Mutex // guards mark
	mark string
}

func (m *marks) set(mark string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mark = mark
}

// stream is one of the container's streams.
func (m *marks) stream(name string) io.Writer {
	return &lineWriter{show: func(line []byte) {
		m.mu.Lock()
		mark := m.mark
		m.mu.Unlock()
		m.term.say("%s %s: %s", mark, name, line)
	}}
}

// took is a time as people read it.
func took(d time.Duration) time.Duration { return d.Round(time.Millisecond / 10) }
