package process_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

func TestFramed_ExitFailsAllRuns(t *testing.T) {
	p := start(t, framed(`next; a=$run; frame $a 1 0 started; next; frame $run 1 0 started; echo last words; exit 3`))
	first := launch(t, t.Context(), p, "1")
	second := launch(t, t.Context(), p, "2")
	require.ErrorIs(t, first().err, process.ErrExited)
	of := second()
	require.ErrorIs(t, of.err, process.ErrExited)
	assert.Contains(t, of.stdout(), "last words\n")
	_, _, err := run(t, p, "3")
	assert.ErrorIs(t, err, process.ErrNotDelivered)
}

// A result must not be lost because the process ended right after it.
func TestFramed_AnswersThenExits(t *testing.T) {
	for i := range 50 {
		p := start(t, framed(`next; frame $run 3 200 "$line"`))
		result, _, err := run(t, p, fmt.Sprint(i))
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(i), result)
		p.Close()
	}
}

func TestFramed_UndeliveredRunsSaySo(t *testing.T) {
	dir := t.TempDir()
	p := start(t, framed(`exec 0<&-; touch `+dir+`/done; exec sleep 1000`))
	eventually(t, func() bool { return exists(dir + "/done") }, "its input is closed")
	_, _, err := run(t, p, "{}")
	assert.ErrorIs(t, err, process.ErrNotDelivered)
	assert.False(t, p.Alive())
}

// A caller that leaves must not harm the others.
func TestFramed_CancelledRunLeavesTheOthers(t *testing.T) {
	mark, dir := token(), t.TempDir()
	p := start(t, framed(`sleep `+mark+` &
		next; a=$run; frame $a 1 0 started; next; b=$run; frame $b 1 0 started; next; c=$run; frame $c 1 0 started
		while ! [ -e `+dir+`/go ]; do sleep 0.01; done
		frame $b 1 0 lost; frame $b 3 200 b; frame $a 3 200 a; read -r rest`))
	a := launch(t, t.Context(), p, "a")
	ctx, cancel := context.WithCancelCause(t.Context())
	b := launch(t, ctx, p, "b")
	last, cancelLast := context.WithCancelCause(t.Context())
	c := launch(t, last, p, "c")

	cancel(errStopped)
	of := b()
	require.ErrorIs(t, of.err, errStopped)
	assert.False(t, p.Alive(), "no new runs")
	assert.NotZero(t, running(mark), "those in flight go on")
	_, _, err := run(t, p, "d")
	require.ErrorIs(t, err, process.ErrNotDelivered)

	touch(t, dir+"/go")
	require.NoError(t, a().err)
	assert.Equal(t, "a", a().result)
	assert.Equal(t, "started", of.stdout(), "nothing comes after it was left")
	cancelLast(errStopped)
	require.ErrorIs(t, c().err, errStopped)
	assert.Zero(t, running(mark), "the last one takes the process with it")
}

func TestFramed_EndsWhenTheOthersHaveTheirResults(t *testing.T) {
	mark, dir := token(), t.TempDir()
	p := start(t, framed(`sleep `+mark+` & next; a=$run; frame $a 1 0 started; next; frame $run 1 0 started
		while ! [ -e `+dir+`/go ]; do sleep 0.01; done; frame $a 3 200 a; read -r rest`))
	a := launch(t, t.Context(), p, "a")
	ctx, cancel := context.WithCancelCause(t.Context())
	b := launch(t, ctx, p, "b")
	cancel(errStopped)
	require.ErrorIs(t, b().err, errStopped)
	touch(t, dir+"/go")
	require.NoError(t, a().err)
	eventually(t, func() bool { return running(mark) == 0 }, "the process ends with its tree")
}

// A process that does not read keeps no caller beyond its time.
func TestFramed_CancelledWhileItsLineIsWritten(t *testing.T) {
	p := start(t, framed(`next; frame $run 1 0 started; sleep 1000`))
	first, cancelFirst := context.WithCancelCause(t.Context())
	a := launch(t, first, p, "a")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errStopped)
	defer cancel()
	_, err := p.Run(ctx, []byte(strings.Repeat("x", 1<<20)+"\n"), &sink{})
	require.ErrorIs(t, err, errStopped)
	cancelFirst(errStopped)
	require.ErrorIs(t, a().err, errStopped)
}

func TestFramed_LeavesNothingBehind(t *testing.T) {
	box := newBox(t)
	cycle := func() {
		p, err := process.Start(t.Context(), box.Group(nil), framed(`while next; do frame $run 3 200 "$line"; done`), &sink{})
		require.NoError(t, err)
		_, _, err = run(t, p, "{}")
		require.NoError(t, err)
		p.Close()
	}
	cycle()
	files, routines := descriptors(t), runtime.NumGoroutine()
	for range 20 {
		cycle()
	}
	eventually(t, func() bool { return runtime.NumGoroutine() <= routines }, "goroutines")
	eventually(t, func() bool { return descriptors(t) <= files }, "descriptors")
}
