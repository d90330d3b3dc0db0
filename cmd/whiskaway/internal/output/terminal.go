// Package output is what the commands show people while they work.
package output

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Terminal is where people look. Each line is written whole, whoever writes.
type Terminal struct {
	mu sync.Mutex // held across a write
	w  io.Writer
}

func NewTerminal(w io.Writer) *Terminal { return &Terminal{w: w} }

// Say writes one line, or several.
func (t *Terminal) Say(format string, args ...any) {
	line := strings.TrimRight(fmt.Sprintf(format, args...), "\n") + "\n"
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = io.WriteString(t.w, line) // with nobody there to read, the work goes on
}

// Marks shows a container's logs as they come, each line with what it belongs
// to: a container does one thing at a time.
type Marks struct {
	term *Terminal

	mu   sync.Mutex // guards mark
	mark string
}

func NewMarks(term *Terminal, mark string) *Marks { return &Marks{term: term, mark: mark} }

func (m *Marks) Set(mark string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mark = mark
}

// Stream is one of the container's streams.
func (m *Marks) Stream(name string) io.Writer {
	return &LineWriter{Show: func(line []byte) {
		m.mu.Lock()
		mark := m.mark
		m.mu.Unlock()
		m.term.Say("%s %s: %s", mark, name, line)
	}}
}

// Took is a time as people read it.
func Took(d time.Duration) time.Duration { return d.Round(time.Millisecond / 10) }

// Printable is a text without what would move a terminal's cursor or break a
// row: names are whatever tenants say.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, text)
}

// Shorten names the first few of a list.
func Shorten(list []string) string {
	const most = 5
	if len(list) > most {
		list = append(slices.Clone(list[:most]), "and more")
	}
	return strings.Join(list, ", ")
}
