package process_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

var errEnough = errors.New("enough")

// cancelled starts a run, cancels it once it prints that it runs, and returns what
// it printed.
func cancelled(t *testing.T, p *process.Process) *sink {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	s := &sink{}
	done := make(chan error, 1)
	go func() { _, err := p.Run(ctx, []byte("{}\n"), s); done <- err }()
	eventually(t, func() bool { return s.stdout() != "" }, "the run has started")
	cancel(errEnough)
	require.ErrorIs(t, <-done, errEnough)
	assert.False(t, p.Alive())
	return s
}

// A cancelled process is asked to stop, its children too, and may clean up.
func TestProcess_CancelledRunMayCleanUp(t *testing.T) {
	spec := bash(ack + `trap 'echo cleaned up; exit' TERM; while read -r line; do echo runs; sleep 1000; done`)
	spec.StopGrace = time.Hour
	assert.Equal(t, "runs\ncleaned up\n", cancelled(t, start(t, spec)).stdout())
}

func TestProcess_ThatDoesNotStopIsKilled(t *testing.T) {
	mark := token()
	spec := bash(ack + `trap '' TERM; while read -r line; do echo runs; while :; do sleep ` + mark + `; done; done`)
	spec.StopGrace = 10 * time.Millisecond
	assert.Equal(t, "runs\n", cancelled(t, start(t, spec)).stdout())
	assert.Zero(t, running(mark))
}

// A result that comes after the time is up is dropped.
func TestProcess_ResultOfACancelledRunIsDropped(t *testing.T) {
	spec := bash(ack + `trap 'echo "{}" >&3' TERM; while read -r line; do echo runs; sleep 1000; done; sleep 1000`)
	spec.StopGrace = 100 * time.Millisecond
	p := start(t, spec)
	cancelled(t, p)
	_, _, err := run(t, p, "{}")
	require.ErrorIs(t, err, process.ErrNotDelivered)
}
