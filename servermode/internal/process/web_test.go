package process_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// fakeWeb stands in for the client of a process's web server.
type fakeWeb struct {
	ready  func() (string, error)
	run    func(ctx context.Context) ([]byte, error)
	closed atomic.Int32
}

func (f *fakeWeb) Ready(context.Context) (string, error) { return f.ready() }
func (f *fakeWeb) Hint() string                          { return "a hint" }
func (f *fakeWeb) Close()                                { f.closed.Add(1) }
func (f *fakeWeb) Run(ctx context.Context, _ []byte, _ int) ([]byte, error) {
	return f.run(ctx)
}

func isReady() (string, error) { return "", nil }

func webSpec(script string, web process.Web) process.Spec {
	spec := bash(script)
	spec.WaitForAck, spec.Web = false, web
	return spec
}

func startWeb(t *testing.T, ctx context.Context, script string, web *fakeWeb) (*process.Process, error) {
	t.Helper()
	return process.Start(ctx, newBox(t).Group(nil), webSpec(script, web), &sink{})
}

// limited returns a context that a time limit ends, as the service's do.
func limited(t *testing.T, limit time.Duration) context.Context {
	ctx, stop := context.WithTimeout(t.Context(), limit)
	t.Cleanup(stop)
	return ctx
}

func TestWeb_StartFails(t *testing.T) {
	unfit := errors.New("unfit")
	for name, c := range map[string]struct {
		script string
		ready  func() (string, error)
		want   error
		says   string
	}{
		"exits":     {"exit 1", func() (string, error) { return "nothing listens", nil }, process.ErrExited, "command exited"},
		"unfit":     {"sleep 1000", func() (string, error) { return "", unfit }, unfit, "unfit"},
		"too slow":  {"sleep 1000", func() (string, error) { return "nothing listens", nil }, process.ErrNotReady, "nothing listens; a hint"},
		"its limit": {"sleep 1000", func() (string, error) { return "nothing listens", nil }, context.DeadlineExceeded, "not ready in time"},
	} {
		web := &fakeWeb{ready: c.ready}
		_, err := startWeb(t, limited(t, 500*time.Millisecond), "exec "+c.script, web)
		require.ErrorIs(t, err, c.want, name)
		assert.ErrorContains(t, err, c.says, name)
		assert.Positive(t, web.closed.Load(), name)
	}
}

func TestWeb_StartIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	mine := errors.New("the caller left")
	web := &fakeWeb{ready: func() (string, error) { cancel(mine); return "nothing listens", nil }}
	_, err := startWeb(t, ctx, "exec sleep 1000", web)
	require.ErrorIs(t, err, mine)
	assert.NotErrorIs(t, err, process.ErrNotReady, "it is not for lack of time")
}

// A run does not outlive the process, whatever other process holds its connections.
func TestWeb_RunEndsWithTheProcess(t *testing.T) {
	web := &fakeWeb{ready: isReady}
	p, err := startWeb(t, t.Context(), "exec sleep 1000", web)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	web.run = func(ctx context.Context) ([]byte, error) {
		p.Kill()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	_, err = p.Run(limited(t, 20*time.Second), []byte("{}\n"), &sink{})
	require.ErrorIs(t, err, process.ErrExited)
	assert.False(t, p.Alive())
	_, err = p.Run(t.Context(), []byte("{}\n"), &sink{})
	assert.ErrorIs(t, err, process.ErrNotDelivered)
}

// A run whose caller leaves ends the process, but not before the others are done.
func TestWeb_LeavingTakesNothingFromOthers(t *testing.T) {
	started, answer := make(chan struct{}, 2), make(chan struct{})
	web := &fakeWeb{ready: isReady, run: func(ctx context.Context) ([]byte, error) {
		started <- struct{}{}
		select {
		case <-answer:
			return []byte("{}"), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	p, err := startWeb(t, t.Context(), "exec sleep 1000", web)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	stayed := make(chan error, 1)
	go func() { _, err := p.Run(t.Context(), []byte("{}\n"), &sink{}); stayed <- err }()
	<-started
	_, err = p.Run(limited(t, 50*time.Millisecond), []byte("{}\n"), &sink{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.False(t, p.Alive(), "it takes no new runs")
	_, err = p.Run(t.Context(), []byte("{}\n"), &sink{})
	require.ErrorIs(t, err, process.ErrNotDelivered)
	select {
	case err := <-stayed:
		require.Fail(t, "the other was ended", err)
	default:
	}
	assert.DirExists(t, "/proc/"+strconv.Itoa(p.PID()), "a run is in it")
	close(answer)
	require.NoError(t, <-stayed)
	eventually(t, func() bool { _, err := os.Stat("/proc/" + strconv.Itoa(p.PID())); return err != nil }, "then it is ended")
}

// Output without a run in flight belongs to the next run.
func TestWeb_LogsBetweenRuns(t *testing.T) {
	dir := t.TempDir()
	web := &fakeWeb{ready: isReady, run: func(context.Context) ([]byte, error) { return []byte("{}"), nil }}
	p, err := startWeb(t, t.Context(), "cd "+dir+"; until [ -e go ]; do sleep 0.01; done; echo between; touch said; exec sleep 1000", web)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	_, first, err := run(t, p, "{}")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), nil, 0o644))
	eventually(t, func() bool { _, err := os.Stat(filepath.Join(dir, "said")); return err == nil }, "it is said")
	_, second, err := run(t, p, "{}")
	require.NoError(t, err)
	assert.Empty(t, first.stdout())
	assert.Equal(t, "between\n", second.stdout())
}

func TestWeb_UndeliveredRunEndsTheProcess(t *testing.T) {
	web := &fakeWeb{ready: isReady, run: func(context.Context) ([]byte, error) { return nil, process.ErrNotDelivered }}
	p, err := startWeb(t, t.Context(), "exec sleep 1000", web)
	require.NoError(t, err)
	_, err = p.Run(t.Context(), []byte("{}\n"), &sink{})
	require.ErrorIs(t, err, process.ErrNotDelivered)
	assert.False(t, p.Alive())
	p.Close()
	assert.EqualValues(t, 1, web.closed.Load())
}
