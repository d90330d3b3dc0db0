package session

import (
	"context"
	"errors"
)

// Spec is one case as its chapter defines it.
type Spec struct {
	ID, Behaviour string
	Own           bool // goes beyond the platform's own suites
	Needs         uint
	Env           map[string]string // of the container
	Run           func(ctx context.Context, s *Session) error
}

// Needs that a case may have.
const (
	NeedStreams = 1 << iota
	NeedAck
	NeedExecutionEnv
	NeedKind
	NeedOpenWhisk
)

// ErrNotChecked reports a case that could not be checked.
var ErrNotChecked = errors.New("not checked")

// LargestCode is the longest code that the platform accepts, in base64.
const LargestCode = 48 << 20

// AllowConcurrent announces overlapping runs to a container.
const AllowConcurrent = "__OW_ALLOW_CONCURRENT"
