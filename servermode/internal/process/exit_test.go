package process_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// How a process ended is half of what its author needs to know.
func TestRun_SaysHowItsProcessEnded(t *testing.T) {
	for end, says := range map[string]string{
		"exit 3":                              "command exited: exit status 3",
		"exit 0":                              "command exited: exit status 0",
		"kill -KILL $$":                       "command exited: killed by signal 9 (SIGKILL)",
		"kill -XFSZ $$":                       "command exited: killed by signal 25 (SIGXFSZ)",
		"exec 3>&-; read -r more; sleep 1000": "command exited", // the server killed it, which says nothing
	} {
		for protocol, spec := range map[string]process.Spec{"lines": bash(ack + "read -r line; " + end), "frames": framed("next; " + end)} {
			t.Run(end+" in "+protocol, func(t *testing.T) {
				p := start(t, spec)
				_, _, err := run(t, p, "{}")
				require.ErrorIs(t, err, process.ErrExited)
				assert.EqualError(t, err, says)
				assert.False(t, p.Alive())
			})
		}
	}
}

func TestStart_SaysHowItsProcessEnded(t *testing.T) {
	for end, says := range map[string]string{
		"exit 4":        "command exited: exit status 4",
		"kill -SEGV $$": "command exited: killed by signal 11 (SIGSEGV)",
	} {
		silent := bash(end)
		silent.WaitForAck, silent.Grace = false, time.Hour
		for _, spec := range []process.Spec{bash(end), silent} {
			_, err := process.Start(t.Context(), newBox(t).Group(nil), spec, &sink{})
			require.ErrorIs(t, err, process.ErrExited)
			assert.EqualError(t, err, says)
		}
	}
}
