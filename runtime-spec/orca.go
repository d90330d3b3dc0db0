package runtimespec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Load is the utilisation that a server reports on every answer, in the text
// form of ORCA: "TEXT named_metrics.in_flight=3, …". ORCA parsers read it as
// named metrics.
type Load struct {
	InFlight int     // runs that are executing
	Slots    int     // runs that can execute at once
	Queued   int     // runs waiting for a slot
	Changes  int     // a new number after each change of the inventory; 0: unknown
	CPU      float64 // fraction of the host's CPU in use, 0…1; negative: unknown
}

const loadPrefix = "TEXT "

// AppendHeader appends the header's value to dst.
func (l Load) AppendHeader(dst []byte) []byte {
	dst = append(dst, loadPrefix...)
	if l.CPU >= 0 {
		dst = append(dst, "cpu_utilization="...)
		dst = strconv.AppendFloat(dst, l.CPU, 'f', 3, 64)
		dst = append(dst, ", "...)
	}
	dst = append(dst, "named_metrics.in_flight="...)
	dst = strconv.AppendInt(dst, int64(l.InFlight), 10)
	dst = append(dst, ", named_metrics.slots="...)
	dst = strconv.AppendInt(dst, int64(l.Slots), 10)
	dst = append(dst, ", named_metrics.queued="...)
	dst = strconv.AppendInt(dst, int64(l.Queued), 10)
	if l.Changes > 0 {
		dst = append(dst, ", named_metrics.changes="...)
		dst = strconv.AppendInt(dst, int64(l.Changes), 10)
	}
	return dst
}

// ParseLoad parses an ORCA text header. It skips metrics that it does not know.
// A value that is negative or not finite is an error, because a server that
// misreports its load must not attract any.
func ParseLoad(header string) (Load, error) {
	load := Load{CPU: -1}
	body, ok := strings.CutPrefix(header, loadPrefix)
	if !ok {
		return load, fmt.Errorf("load report must begin with %q", loadPrefix)
	}
	for body != "" {
		var pair string
		pair, body, _ = strings.Cut(body, ",")
		at := strings.IndexAny(pair, "=:")
		if at < 0 {
			return load, fmt.Errorf("load report: %.60q is not name=value", pair)
		}
		name, text := strings.TrimSpace(pair[:at]), strings.TrimSpace(pair[at+1:])
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(value, 0) || math.IsNaN(value) || value < 0 || value > math.MaxInt32 {
			return load, fmt.Errorf("load report: %.60q has no usable value", pair)
		}
		load.set(name, value+0) // -0 becomes 0
	}
	return load, nil
}

func (l *Load) set(name string, value float64) {
	switch name {
	case "cpu_utilization":
		l.CPU = value
	case "named_metrics.in_flight":
		l.InFlight = int(value)
	case "named_metrics.slots":
		l.Slots = int(value)
	case "named_metrics.queued":
		l.Queued = int(value)
	case "named_metrics.changes":
		l.Changes = int(value)
	}
}
