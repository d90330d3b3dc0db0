package initload

import (
	"io"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/backend"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	maxAnswer    = 16 << 20 // of an init, bytes
	okay         = 200      // status
	leastFailure = 400      // status
)

// Answer is what a server said to an init.
type Answer struct {
	Status     int // of the result
	Reason     runtimespec.Reason
	Result     []byte // JSON
	Framed     bool   // it came in frames
	Server     string // its incarnation
	RetryAfter time.Duration
}

// OK reports whether the function is ready.
func (a Answer) OK() bool { return a.Status == okay }

// Elsewhere reports whether another server may do what this one did not.
func (a Answer) Elsewhere() bool {
	return a.Reason.NotStarted() && a.Reason != runtimespec.Expired && a.Reason != runtimespec.CodeNeeded || a.Reason == runtimespec.UnsupportedKind
}

// Message is what a failure says to a reader.
func (a Answer) Message() string { return backend.Message(a.Result) }

// AppendTo appends the answer in frames: a failure with its cause.
func (a Answer) AppendTo(frames []byte) []byte {
	if a.Reason != "" && a.Status >= leastFailure {
		frames = runtimespec.AppendFrame(frames, runtimespec.Cause, 0, []byte(a.Reason))
	}
	return runtimespec.AppendFrame(frames, runtimespec.Result, a.Status, a.Result)
}

// read reads an answer in frames, of which the log gets what is no result.
func (a *Answer) read(from io.Reader, log *Log) error {
	frames := runtimespec.NewFrameReader(io.LimitReader(from, maxAnswer), backend.MaxResult)
	for {
		frame, err := frames.Next()
		if err != nil {
			return err
		}
		switch frame.Stream {
		case runtimespec.Cause:
			a.Reason = runtimespec.Reason(frame.Payload)
		case runtimespec.Result:
			a.Status, a.Result, a.Framed = frame.Status, frame.Payload, true
			if _, err := frames.Next(); err != io.EOF {
				return err
			}
			return nil
		default:
			log.add(frame.Stream, frame.Payload)
		}
	}
}
