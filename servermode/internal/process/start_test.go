package process_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

func TestStart_Ack(t *testing.T) {
	for name, line := range map[string]string{"plain": `{"ok":true}`, "with spaces": `{"ok": true}`, "with more": `{"ok":true,"pid":7}`} {
		t.Run(name, func(t *testing.T) {
			p := start(t, bash(`echo '`+line+`' >&3; read -r line; echo "$line" >&3`))
			_, _, err := run(t, p, "{}")
			assert.NoError(t, err)
		})
	}
	for name, line := range map[string]string{"a cause": `{"error":"no"}`, "not ok": `{"ok":false}`, "no JSON": `ready`, "empty": ``} {
		t.Run(name, func(t *testing.T) {
			_, err := process.Start(t.Context(), newBox(t).Group(nil), bash(`echo '`+line+`' >&3; exec sleep 1000`), &sink{})
			refused := (*process.AckError)(nil)
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, line, refused.Line)
		})
	}
}

func TestStart_EarlyResult(t *testing.T) {
	early := bash(`env printf '{"ok":true}\n{"a":1}\n' >&3; exec sleep 1000`)
	_, err := process.Start(t.Context(), newBox(t).Group(nil), early, &sink{})
	require.ErrorIs(t, err, process.ErrEarlyOutput)

	early = bash(`echo early >&3; exec sleep 1000`)
	early.WaitForAck, early.Grace = false, time.Minute
	_, err = process.Start(t.Context(), newBox(t).Group(nil), early, &sink{})
	assert.ErrorIs(t, err, process.ErrEarlyOutput)
}

func TestStart_WithoutAck(t *testing.T) {
	spec := bash(`read -r line; echo "$line" >&3`)
	spec.WaitForAck, spec.Grace = false, time.Minute
	started := time.Now()
	p := start(t, spec)
	assert.Less(t, time.Since(started), spec.Grace, "it is seen to wait for its input")
	_, _, err := run(t, p, "{}")
	require.NoError(t, err)

	spec.Args = []string{"-c", `exit 0`}
	_, err = process.Start(t.Context(), newBox(t).Group(nil), spec, &sink{})
	require.ErrorIs(t, err, process.ErrExited)

	spec.Args, spec.Grace = []string{"-c", `exec sleep 1000`}, time.Millisecond
	start(t, spec)
}

func TestStart_Cancelled(t *testing.T) {
	for name, wait := range map[string]bool{"waiting for the ack": true, "in the grace": false} {
		t.Run(name, func(t *testing.T) {
			mark := token()
			spec := bash(`sleep ` + mark + ` & wait`)
			spec.WaitForAck, spec.Grace = wait, time.Minute
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				for running(mark) < 2 {
					time.Sleep(time.Millisecond)
				}
				cancel(errStopped)
			}()
			_, err := process.Start(ctx, newBox(t).Group(nil), spec, &sink{})
			require.ErrorIs(t, err, errStopped)
			assert.Zero(t, running(mark))
		})
	}
}

func TestStart_NoSuchFolder(t *testing.T) {
	spec := bash(echo)
	spec.Dir = "/no/such/folder"
	box, before := newBox(t), descriptors(t)
	for range 50 {
		_, err := process.Start(t.Context(), box.Group(nil), spec, &sink{})
		require.ErrorContains(t, err, "no such file")
	}
	eventually(t, func() bool { return descriptors(t) <= before }, "descriptors")
}

// A process that left the tree and wiped its environment is out of reach where
// functions have no users of their own. It must not make anything hang.
func TestProcess_EscapedGrandchildHoldsThePipes(t *testing.T) {
	for name, escaped := range map[string]string{"quiet": `sleep T`, "flooding": `yes T`} {
		t.Run(name, func(t *testing.T) {
			mark := token()
			escaped := strings.ReplaceAll(escaped, "T", mark)
			t.Cleanup(func() { kill(t, mark) })
			up := filepath.Join(t.TempDir(), "up") // made once its environment is gone
			p := start(t, bash(ack+`read -r line; (env -i PATH="$PATH" setsid timeout 60 bash -c '>`+up+`; exec `+escaped+`' &)
until [ -e `+up+` ]; do sleep 0.01; done; exit`))
			started := time.Now()
			_, _, err := run(t, p, "{}")
			require.ErrorIs(t, err, process.ErrExited)
			assert.NotZero(t, running(mark), "it escaped, or this test shows nothing")
			p.Close()
			assert.Less(t, time.Since(started), 10*time.Second)
		})
	}
}

func TestProcess_LeavesNothingBehind(t *testing.T) {
	box := newBox(t)
	cycle := func() {
		p, err := process.Start(t.Context(), box.Group(nil), bash(echo), &sink{})
		require.NoError(t, err)
		_, _, err = run(t, p, "{}")
		require.NoError(t, err)
		p.Close()
		p.Close() // has no effect
	}
	cycle()
	files, routines := descriptors(t), runtime.NumGoroutine()
	for range 100 {
		cycle()
	}
	eventually(t, func() bool { return runtime.NumGoroutine() <= routines }, "goroutines")
	eventually(t, func() bool { return descriptors(t) <= files }, "descriptors")
}

func TestProcess_InAUserOfItsOwn(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can run functions as users of their own")
	}
	users, err := sandbox.ClaimUsers()
	require.NoError(t, err)
	defer users.Close()
	user, err := users.Acquire()
	require.NoError(t, err)
	box := newBox(t)
	mark := token()
	script := ack + `(env -i setsid sleep T &); while read -r line; do echo seen >/dev/stderr; id -u >&3; done`
	spec := bash(strings.ReplaceAll(script, "T", mark))
	first, err := process.Start(t.Context(), box.Group(user), spec, &sink{})
	require.NoError(t, err)
	t.Cleanup(first.Close)
	second, err := process.Start(t.Context(), box.Group(user), bash(strings.ReplaceAll(script, "T", token())), &sink{})
	require.NoError(t, err)
	t.Cleanup(second.Close)

	first.Close()
	result, logs, err := run(t, second, "{}")
	require.NoError(t, err, "the end of one instance is not the other's")
	assert.NotEqual(t, "0", result)
	assert.Equal(t, "seen\n", logs.stderr())
	if _, err := os.ReadFile("/proc/" + strconv.Itoa(second.PID()) + "/environ"); err != nil {
		t.Skip("the server may not look into processes, as in containers without CAP_SYS_PTRACE: ", err)
	}
	assert.Zero(t, running(mark))
}
