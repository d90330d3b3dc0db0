package runtimespec

import (
	"fmt"
	"strconv"
	"time"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// MaxActivation is the longest activation id, in bytes. The platform's have 32.
const MaxActivation = 256

// Activation is what the services need to know of a run's body. SkimRun finds
// it at the body's top level; everything else passes through unread.
type Activation struct {
	ID       string    // visible ASCII, fit for a header; empty: none given
	Deadline time.Time // zero: none given
}

// SkimRun finds the activation id and the deadline in a run's body. It accepts
// any text: only the server checks, once, whether the body is JSON. An id that
// is no string, such as null, counts as none; otherwise unrelated runs would
// share it.
func SkimRun(body []byte) (a Activation) {
	jsontext.Skim(body, func(name, value []byte) {
		switch name, _ := jsontext.Unquote(name); string(name) {
		case "activation_id":
			a.ID = activationID(value)
		case "deadline":
			a.Deadline = deadline(value)
		}
	})
	return a
}

func activationID(value []byte) string {
	id, ok := jsontext.Unquote(value)
	if !ok || len(id) > MaxActivation {
		return ""
	}
	for _, b := range id {
		if b <= ' ' || b > '~' {
			return ""
		}
	}
	return string(id)
}

// deadline parses milliseconds of the epoch, given as a string or a number.
func deadline(value []byte) time.Time {
	if text, ok := jsontext.Unquote(value); ok {
		value = text
	}
	ms, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// CheckRun scans a run's whole body, once: it must be one JSON object or null,
// in UTF-8, nested no deeper than the decoder allows (10,000).
func CheckRun(body []byte) error {
	if err := jsontext.Check(body, "{n"); err != nil {
		return fmt.Errorf("%w: the run's body is no JSON object: %w", ErrMalformed, err)
	}
	return nil
}

// CheckResult reports whether a result line is one JSON object or array.
func CheckResult(line []byte) bool { return jsontext.Check(line, "{[") == nil }
