package load

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Trace is recorded arrivals.
type Trace struct {
	arrivals []Arrival
	next     int
}

// ReadTrace reads one arrival a line: when it is due, in seconds (1.25) or with
// a unit (1250ms), and, after a comma, the number of its function, from 0, if
// it has one. Lines may be in any order. Empty lines and those that start with
// # are skipped, as is a first line that starts with a letter.
func ReadTrace(from io.Reader) (*Trace, error) {
	t := &Trace{}
	lines := bufio.NewScanner(from)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' || n == 1 && isLetter(line[0]) {
			continue
		}
		a, err := parseArrival(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		t.arrivals = append(t.arrivals, a)
	}
	slices.SortStableFunc(t.arrivals, func(a, b Arrival) int { return cmp.Compare(a.At, b.At) })
	return t, lines.Err()
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func parseArrival(line string) (Arrival, error) {
	when, function, named := strings.Cut(line, ",")
	at, err := parseOffset(strings.TrimSpace(when))
	a := Arrival{at, AnyFunction}
	if err == nil && named {
		if a.Function, err = strconv.Atoi(strings.TrimSpace(function)); err != nil || a.Function < 0 {
			err = fmt.Errorf("%q is no number of a function", function)
		}
	}
	return a, err
}

func parseOffset(text string) (time.Duration, error) {
	at, err := time.ParseDuration(text)
	if seconds, e := strconv.ParseFloat(text, 64); e == nil {
		if !(math.Abs(seconds) < 1e9) {
			return 0, fmt.Errorf("%q is no time in seconds", text)
		}
		at, err = time.Duration(seconds*float64(time.Second)), nil
	}
	if err != nil || at < 0 {
		return 0, fmt.Errorf("%q is no time: write seconds, or a number with a unit such as 1250ms", text)
	}
	return at, nil
}

// Next returns the next arrival.
func (t *Trace) Next() (Arrival, bool) {
	if t.next == len(t.arrivals) {
		return Arrival{}, false
	}
	t.next++
	return t.arrivals[t.next-1], true
}

// Len returns the number of arrivals.
func (t *Trace) Len() int { return len(t.arrivals) }

// Functions returns one more than the highest number of a function; 0: no
// arrival names one.
func (t *Trace) Functions() int {
	n := 0
	for _, a := range t.arrivals {
		n = max(n, a.Function+1)
	}
	return n
}

// Length returns when the last arrival is due.
func (t *Trace) Length() time.Duration {
	if len(t.arrivals) == 0 {
		return 0
	}
	return t.arrivals[len(t.arrivals)-1].At
}
