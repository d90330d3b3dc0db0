package autoscale_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/autoscale"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// called is a hook that is a function.
type called func(ctx context.Context, a autoscale.Action) error

func (c called) Call(ctx context.Context, a autoscale.Action) (string, error) { return "", c(ctx, a) }

// An owner's day: a rush, one more host, a quiet hour, one host less.
func TestKeeper_HostsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, began := busy, time.Now()
		var done []string
		note := func(what string) {
			mu.Lock()
			defer mu.Unlock()
			done = append(done, time.Since(began).String()+" "+what)
		}
		see := func(s autoscale.Signals) { mu.Lock(); now = s; mu.Unlock() }
		var k autoscale.Keeper
		k = autoscale.Keeper{
			Log:     zap.NewNop(),
			Signals: func() autoscale.Signals { mu.Lock(); defer mu.Unlock(); return now },
			Drain: func(h autoscale.Host) {
				assert.Equal(t, "draining", k.State(), "who is told of it finds it so")
				note("drain " + h.Name)
				see(signals(host("a", 1, 0), host("b", 0, 0), parked(host("c", 0, 0))))
			},
			Resume: func(h autoscale.Host) { note("resume " + h.Name) },
			Ending: func(h autoscale.Host) bool { note("ending " + h.Name); return true },
			Acted: func(kind autoscale.Kind, err error) {
				if err != nil {
					note(kind.String() + " failed")
				}
			},
		}
		settings := autoscale.Settings{
			Config: cfg, Every: time.Second,
			Hook: called(func(_ context.Context, a autoscale.Action) error {
				note(a.Kind.String() + " " + a.Host.Name)
				time.Sleep(20500 * time.Millisecond) // renting takes a while, and ends between two looks
				if a.Kind == autoscale.Down {
					return errors.New("no")
				}
				see(lazy)
				return nil
			}),
		}
		k.Settings = func() autoscale.Settings { return settings }
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { k.Run(ctx, t.Context()); close(ended) }()
		time.Sleep(4 * time.Minute)
		assert.Equal(t, "cooling", k.State())
		cancel()
		<-ended
		assert.Equal(t, []string{"1m0s up ", "3m21s drain c", "3m22s ending c", "3m22s down c", "3m42.5s down failed", "3m42.5s resume c"}, done)
	})
}

func TestKeeper_AHookThatTakesTooLongIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		causes := make(chan error, 10)
		k := autoscale.Keeper{
			Log: zap.NewNop(), Signals: func() autoscale.Signals { return busy }, Acted: func(autoscale.Kind, error) {},
			Settings: func() autoscale.Settings {
				return autoscale.Settings{Config: cfg, Timeout: time.Minute, Hook: called(func(ctx context.Context, _ autoscale.Action) error {
					<-ctx.Done()
					causes <- context.Cause(ctx)
					return ctx.Err()
				})}
			},
		}
		look, stop := context.WithCancel(t.Context())
		hook, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { k.Run(look, hook); close(ended) }()
		assert.EqualError(t, <-causes, "the hook took longer than 1m0s")
		time.Sleep(65 * time.Second) // after the cool-down it is called again
		stop()
		synctest.Wait()
		assert.Equal(t, "growing", k.State())
		assert.Empty(t, causes, "it may end by itself when nobody looks any more")
		cancel()
		<-ended
		assert.ErrorIs(t, <-causes, context.Canceled)
	})
}

var down = autoscale.Action{Kind: autoscale.Down, Host: autoscale.Host{Name: "gpu-1", URL: "http://gpu-1:9000"}, Why: "it is drained", Min: 1, Max: 3, Totals: autoscale.Totals{Hosts: 2, Ready: 1, Slots: 4}}

const downJSON = `{"action":"down","server":"gpu-1","url":"http://gpu-1:9000","why":"it is drained","min":1,"max":3,"signals":{"hosts":2,"ready":1,"in_flight":0,"slots":4,"queued":0,"refused":0}}`

func script(t *testing.T, text string) autoscale.Command {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hook")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return autoscale.Command{"/bin/sh", path}
}

func TestCommand_IsToldWhatToDo(t *testing.T) {
	t.Setenv("WHISKAWAY_LISTEN", "0.0.0.0:18080")
	output, err := script(t, `echo "$WHISKAWAY_ACTION $WHISKAWAY_SERVER $WHISKAWAY_SERVER_URL$WHISKAWAY_LISTEN"; cat`).Call(t.Context(), down)
	require.NoError(t, err)
	first, rest, _ := strings.Cut(output, "\n")
	assert.Equal(t, "down gpu-1 http://gpu-1:9000", first)
	assert.JSONEq(t, downJSON, rest)
	output, err = script(t, `echo no such host >&2; exit 3`).Call(t.Context(), down)
	assert.EqualError(t, err, "exit status 3")
	assert.NotErrorIs(t, err, autoscale.ErrOpen)
	assert.Equal(t, "no such host\n", output)
	_, err = autoscale.Command{"/nowhere/hook"}.Call(t.Context(), down)
	assert.ErrorContains(t, err, "/nowhere/hook")
	output, err = script(t, `head -c 1000000 /dev/zero`).Call(t.Context(), down)
	require.NoError(t, err)
	assert.Equal(t, 16<<10, len(output))
}

// What a hook leaves running has its output for as long as it lives.
func TestCommand_MayLeaveAServerRunning(t *testing.T) {
	output, err := script(t, `sleep 1000 & echo $!`).Call(t.Context(), down)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(output))
	require.NoError(t, err)
	assert.NoError(t, syscall.Kill(pid, syscall.SIGKILL), "it was there")
}

func TestCommand_ThatTakesTooLongEndsWithWhatItStarted(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "alive")
	ctx, cancel := context.WithCancelCause(t.Context())
	hook := script(t, `mkfifo "`+fifo+`"; (exec 3<>"`+fifo+`"; echo up; exec sleep 1000) & wait`)
	go func() {
		for { // until its child is there
			if f, err := os.OpenFile(fifo, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil { // somebody reads
				_ = f.Close()
				cancel(errors.New("too long"))
				return
			}
		}
	}()
	_, err := hook.Call(ctx, down)
	assert.EqualError(t, err, "it was ended, it may have been done: too long")
	assert.ErrorIs(t, err, autoscale.ErrOpen)
	require.Eventually(t, func() bool { _, err := os.OpenFile(fifo, os.O_WRONLY|syscall.O_NONBLOCK, 0); return err != nil }, 10*time.Second, time.Millisecond, "its child has ended")
}

func TestPost_IsToldWhatToDo(t *testing.T) {
	status := http.StatusAccepted
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		assert.JSONEq(t, downJSON, string(body))
		assert.Equal(t, "/hooks/hosts?pool=gpu", r.RequestURI)
		assert.Equal(t, "Bearer secret", r.Header.Get("Authorization"))
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "as you wish")
	}))
	defer s.Close()
	u, err := url.Parse(s.URL + "/hooks/hosts?pool=gpu")
	require.NoError(t, err)
	output, err := autoscale.Post{URL: u, Token: "secret"}.Call(t.Context(), down)
	assert.NoError(t, err)
	assert.Equal(t, "as you wish", output)
	status = http.StatusConflict
	output, err = autoscale.Post{URL: u, Token: "secret"}.Call(t.Context(), down)
	assert.ErrorContains(t, err, "answered 409")
	assert.NotErrorIs(t, err, autoscale.ErrOpen)
	assert.Equal(t, "as you wish", output)

	s.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err = autoscale.Post{URL: u}.Call(t.Context(), down)
	assert.ErrorIs(t, err, autoscale.ErrOpen, "it had been told")
	s.Close()
	_, err = autoscale.Post{URL: u}.Call(t.Context(), down)
	assert.Error(t, err)
	assert.NotErrorIs(t, err, autoscale.ErrOpen, "it was not asked")
}
