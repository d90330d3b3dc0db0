package daemon_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

func TestLoopback_Addresses(t *testing.T) {
	for listen, want := range map[string]bool{
		"127.0.0.1:80": true, "127.9.9.9:80": true, "localhost:80": true, "[::1]:80": true, "[::ffff:127.0.0.1]:80": true,
		":80": false, "0.0.0.0:80": false, "[::]:80": false, "10.0.0.1:80": false, "localhost.evil:80": false,
		"127.0.0.1": false, "": false, "127.1:80": false, "example:80": false,
	} {
		assert.Equal(t, want, daemon.Loopback(listen), listen)
	}
}

func listen(t *testing.T, handler http.HandlerFunc) *daemon.Listener {
	t.Helper()
	l := &daemon.Listener{Listen: "127.0.0.1:0", Handler: handler, Log: zap.NewNop()}
	require.NoError(t, l.Start())
	return l
}

func get(url string) (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func TestListener_ServesOnTheAddressItSays(t *testing.T) {
	l := listen(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	assert.NotContains(t, l.Addr(), ":0")
	body, err := get("http://" + l.Addr())
	require.NoError(t, err)
	assert.Equal(t, "hello", body)
	other := &daemon.Listener{Listen: l.Addr(), Log: zap.NewNop()}
	assert.ErrorContains(t, other.Start(), "listen on "+l.Addr())
	assert.NoError(t, other.Stop(t.Context()), "never started")
	assert.NoError(t, l.Stop(t.Context()))
	assert.NoError(t, l.Stop(t.Context()))
	_, err = get("http://" + l.Addr())
	assert.Error(t, err)
}

func TestListener_StopWaitsForRequestsUntilItsContextEnds(t *testing.T) {
	for _, patient := range []bool{true, false} {
		reached, release := make(chan struct{}), make(chan struct{})
		l := listen(t, func(w http.ResponseWriter, r *http.Request) {
			close(reached)
			select {
			case <-release:
				_, _ = io.WriteString(w, "done")
			case <-r.Context().Done():
			}
		})
		answer := make(chan string, 1)
		go func() {
			body, _ := get("http://" + l.Addr())
			answer <- body
		}()
		<-reached
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if patient {
			ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		}
		stopped := make(chan error, 1)
		go func() { stopped <- l.Stop(ctx) }()
		if patient {
			require.Eventually(t, func() bool { _, err := get("http://" + l.Addr()); return err != nil }, 30*time.Second, time.Millisecond)
			assert.Empty(t, stopped)
			close(release)
			assert.NoError(t, <-stopped)
			assert.Equal(t, "done", <-answer)
		} else {
			assert.ErrorIs(t, <-stopped, context.DeadlineExceeded)
			assert.Empty(t, <-answer)
		}
		cancel()
	}
}
