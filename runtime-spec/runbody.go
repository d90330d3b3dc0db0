package runtimespec

import (
	"fmt"
	"strconv"
	"time"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// MaxActivation is the longest activation id, in bytes. The platform's have 32.
const MaxActivation = 256

// Activation is what the services need to know of a run's body, found by
// skimming its top level: everything else passes through without being looked at.
type Activation struct {
	ID       string    // visible ASCII, fit for a header; empty: none was given
	Deadline time.Time // zero: none was given
}

// SkimRun finds the activation id and the deadline in a run's body. It
// tolerates anything: whether the body is JSON is for the server to say, once.
// An id that is no string (null, above all) is none, or strangers would be
// taken for one another.
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

// deadline reads milliseconds of the epoch, as a string or a number.
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

// CheckRun is the one full scan of a run's body: one JSON object or null,
// UTF-8, nested no deeper than the decoder allows (10,000).
func CheckRun(body []byte) error {
	if err := jsontext.Check(body, "{n"); err != nil {
		return fmt.Errorf("%w: the run's body is no JSON object: %w", ErrMalformed, err)
	}
	return nil
}

// CheckResult reports whether a result line is one JSON object or array.
func CheckResult(line []byte) bool { return jsontext.Check(line, "{[") == nil }
