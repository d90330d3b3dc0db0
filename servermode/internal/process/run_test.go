package process_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

func TestProcess_RoundTrip(t *testing.T) {
	p := start(t, bash(echo))
	for i := range 50 {
		line := fmt.Sprintf(`{"n":%d,"s":"❄ ☃ ❄"}`, i)
		result, _, err := run(t, p, line)
		require.NoError(t, err)
		assert.Equal(t, line, result)
	}
	assert.True(t, p.Alive())
}

func TestProcess_MegabyteInAndOut(t *testing.T) {
	spec := bash(ack + `while IFS= read -r -N 1048576 line; do read -r; printf '%s\n' "$line" >&3; done`)
	p := start(t, spec)
	line := strings.Repeat("x", 1<<20)
	result, _, err := run(t, p, line)
	require.NoError(t, err)
	assert.True(t, line == result, "the line comes back whole")
}

func TestProcess_TooLargeResultIsReadToItsEnd(t *testing.T) {
	spec := bash(ack + `while read -r n; do head -c "$n" /dev/zero | tr '\0' x >&3; echo >&3; done`)
	spec.MaxResult = 5000
	p := start(t, spec)
	for _, n := range []int{0, 1, 4095, 4096, 4097, 5000} {
		result, _, err := run(t, p, fmt.Sprint(n))
		require.NoError(t, err, n)
		assert.Len(t, result, n)
	}
	for _, n := range []int{5001, 9096, 9097, 3_000_000} {
		_, _, err := run(t, p, fmt.Sprint(n))
		require.ErrorIs(t, err, process.ErrTooLarge)
		assert.ErrorContains(t, err, fmt.Sprint(n))
	}
	result, _, err := run(t, p, "3")
	require.NoError(t, err)
	assert.Equal(t, "xxx", result)
}

func TestProcess_ExitDuringRun(t *testing.T) {
	p := start(t, bash(ack+`read -r line; echo last; echo words >&2; exit 3`))
	_, logs, err := run(t, p, "{}")
	require.ErrorIs(t, err, process.ErrExited)
	assert.Equal(t, "last\n", logs.stdout())
	assert.Equal(t, "words\n", logs.stderr())
	assert.False(t, p.Alive())
	_, _, err = run(t, p, "{}")
	assert.ErrorIs(t, err, process.ErrNotDelivered)
}

func TestProcess_TwoResultsAtOnce(t *testing.T) {
	p := start(t, bash(ack+`read -r line; echo said; env printf '{"a":1}\n{"b":2}\n' >&3; read -r line`))
	result, logs, err := run(t, p, "{}")
	require.ErrorIs(t, err, process.ErrExtraOutput)
	assert.Empty(t, result)
	assert.Equal(t, "said\n", logs.stdout())
	assert.False(t, p.Alive())
}

func TestProcess_LateResultIsNotTheNextRuns(t *testing.T) {
	dir := t.TempDir()
	p := start(t, bash(ack+`read -r line; echo first >&3; (while ! [ -e `+dir+`/go ]; do sleep 0.01; done; echo late >&3; touch `+dir+`/done) & read -r line; echo second >&3`))
	result, _, err := run(t, p, "{}")
	require.NoError(t, err)
	require.Equal(t, "first", result)
	touch(t, dir+"/go")
	eventually(t, func() bool { return exists(dir + "/done") }, "the late line is written")
	_, _, err = run(t, p, "{}")
	assert.ErrorIs(t, err, process.ErrNotDelivered)
	assert.False(t, p.Alive())
}

func TestProcess_DeadWhileIdle(t *testing.T) {
	dir := t.TempDir()
	p := start(t, bash(ack+`while ! [ -e `+dir+`/go ]; do sleep 0.01; done`))
	touch(t, dir+"/go")
	eventually(t, func() bool { return !p.Alive() }, "the process is dead")
	_, _, err := run(t, p, "{}")
	assert.ErrorIs(t, err, process.ErrNotDelivered)
}

func TestProcess_ClosesItsResultDescriptor(t *testing.T) {
	during := start(t, bash(ack+`read -r line; exec 3>&-; read -r line`))
	_, _, err := run(t, during, "{}")
	require.ErrorIs(t, err, process.ErrExited)
	assert.False(t, during.Alive())

	dir := t.TempDir()
	idle := start(t, bash(ack+`exec 3>&-; touch `+dir+`/done; read -r line`))
	eventually(t, func() bool { return exists(dir + "/done") }, "it is closed")
	_, _, err = run(t, idle, "{}")
	assert.ErrorIs(t, err, process.ErrNotDelivered)
}

func TestProcess_ClosesItsInput(t *testing.T) {
	dir := t.TempDir()
	p := start(t, bash(ack+`exec 0<&-; touch `+dir+`/done; exec sleep 1000`))
	eventually(t, func() bool { return exists(dir + "/done") }, "it is closed")
	_, _, err := run(t, p, "{}")
	assert.ErrorIs(t, err, process.ErrNotDelivered)
	assert.False(t, p.Alive())
}

// An answer must not be lost because its process ended right after it.
func TestProcess_AnswersThenExits(t *testing.T) {
	box := newBox(t)
	answer := func(i int) {
		p, err := process.Start(t.Context(), box.Group(nil), bash(ack+`read -r line; echo "$line" >&3`), &sink{})
		require.NoError(t, err)
		result, _, err := run(t, p, fmt.Sprint(i))
		p.Close()
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(i), result)
	}
	for i := range 200 {
		answer(i)
	}
	defer busy()()
	for i := range 30 {
		answer(i)
	}
}

// busy keeps every CPU busy until the returned function is called.
func busy() (stop func()) {
	var over atomic.Bool
	var busy sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		busy.Go(func() {
			for !over.Load() {
			}
		})
	}
	return func() { over.Store(true); busy.Wait() }
}

var errStopped = errors.New("stopped by the test")

func TestProcess_CancelledRun(t *testing.T) {
	for name, c := range map[string]struct {
		script, line string
	}{
		"waiting for the result":  {`read -r line; echo started; sleep T & wait`, "{}"},
		"writing to a deaf one":   {`echo started; sleep T & wait`, strings.Repeat("x", 1<<20)},
		"with half of the result": {`read -r line; echo started; printf half >&3; sleep T & wait`, "{}"},
		"flooded with a result":   {`read -r line; echo started; cat /dev/zero >&3 & sleep T & wait`, "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			mark := token()
			p := start(t, bash(ack+strings.ReplaceAll(c.script, "T", mark)))
			ctx, cancel := context.WithCancelCause(t.Context())
			logs := &sink{}
			go func() {
				for logs.stdout() != "started\n" || running(mark) < 2 {
					time.Sleep(time.Millisecond)
				}
				cancel(errStopped)
			}()
			_, err := p.Run(ctx, []byte(c.line+"\n"), logs)
			require.ErrorIs(t, err, errStopped)
			assert.False(t, p.Alive())
			assert.Zero(t, running(mark))
		})
	}
}

func TestProcess_CancelledBeforeItsRun(t *testing.T) {
	p := start(t, bash(echo))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStopped)
	_, err := p.Run(ctx, []byte("{}\n"), &sink{})
	require.ErrorIs(t, err, errStopped)
	result, _, err := run(t, p, "next")
	require.NoError(t, err, "the process saw nothing of it")
	assert.Equal(t, "next", result)
}
