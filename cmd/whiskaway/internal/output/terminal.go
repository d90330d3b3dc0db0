// Package output shows the work of the commands: whole lines, containers' logs
// with a label, and progress bars. It makes text from others safe for a
// terminal.
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

// Terminal writes whole lines for several goroutines.
type Terminal struct {
	mu sync.Mutex // held across a write
	w  io.Writer
}

// NewTerminal returns a terminal that writes to w.
func NewTerminal(w io.Writer) *Terminal { return &Terminal{w: w} }

// Say writes one line or several. A write error is ignored: the work goes on
// without a reader.
func (t *Terminal) Say(format string, args ...any) {
	line := strings.TrimRight(fmt.Sprintf(format, args...), "\n") + "\n"
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = io.WriteString(t.w, line)
}

// LogView shows a container's logs as they come. Each line carries the label of
// what the container is doing; it does one thing at a time.
type LogView struct {
	term *Terminal

	mu    sync.Mutex // guards label
	label string
}

// NewLogView returns a view that writes to term.
func NewLogView(term *Terminal, label string) *LogView {
	return &LogView{term: term, label: label}
}

// SetLabel labels the lines that follow.
func (v *LogView) SetLabel(label string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.label = label
}

// Stream returns the writer for one of the container's streams.
func (v *LogView) Stream(name string) io.Writer {
	return &LineWriter{Show: func(line []byte) {
		v.mu.Lock()
		label := v.label
		v.mu.Unlock()
		v.term.Say("%s %s: %s", label, name, line)
	}}
}

// Took rounds a duration for display.
func Took(d time.Duration) time.Duration { return d.Round(time.Millisecond / 10) }

// Printable replaces what would move a terminal's cursor or break a row: tenants
// choose names freely.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, text)
}

// Shorten joins the first few entries of a list.
func Shorten(list []string) string {
	const most = 5
	if len(list) > most {
		list = append(slices.Clone(list[:most]), "and more")
	}
	return strings.Join(list, ", ")
}
