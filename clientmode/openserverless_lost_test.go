package clientmode_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// A server that was restarted drops runs without an answer, and one that only
// forgot the function says so. Callers notice neither.
func TestOpenServerless_BringsAForgottenFunctionBack(t *testing.T) {
	for name, forget := range map[string]func(*harness.OpenServerlessServer){
		"restarted": (*harness.OpenServerlessServer).Restart,
		"forgotten": func(s *harness.OpenServerlessServer) { s.Forget(foreignHash) },
	} {
		t.Run(name, func(t *testing.T) {
			s, r := foreign(t, clientmode.Config{})
			require.Equal(t, http.StatusOK, r.post("/run", do("error")).Status)
			forget(s)
			a := r.post("/run", do("list"))
			assert.Equal(t, http.StatusOK, a.Status, a.Body)
			assert.Len(t, s.Got("/init"), 2)
			r.sentinels(2)
			require.NoError(t, r.Stop(t.Context()))
			assert.Empty(t, s.Leases(foreignHash))
		})
	}
}

// Runs at once need several connections, and find out together.
func TestOpenServerless_RunsAtOnceAfterARestart(t *testing.T) {
	s, r := foreign(t, clientmode.Config{Environ: []string{"__OW_ALLOW_CONCURRENT=true"}})
	for range 3 {
		s.Restart()
		var answers []<-chan harness.Answer
		for range 16 {
			answers = append(answers, r.async("/run", do("list")))
		}
		for _, a := range answers {
			assert.Equal(t, http.StatusOK, wait(t, a).Status)
		}
	}
	r.sentinels(48)
	require.NoError(t, r.Stop(t.Context()))
	assert.Empty(t, s.Leases(foreignHash))
}

// A run whose answer does not come may have started.
func TestOpenServerless_ALostRunIsNotSentAgain(t *testing.T) {
	s, r := foreign(t, clientmode.Config{})
	s.Answer("error", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	a := r.post("/run", do("error"))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "not sent again")
	assert.Len(t, s.Got("/run"), 1)
	r.sentinels(1)
}

func TestOpenServerless_StopGivesEveryInitBack(t *testing.T) {
	s, r := foreign(t, clientmode.Config{})
	require.Len(t, s.Leases(foreignHash), 1)
	require.NoError(t, r.Stop(t.Context()))
	assert.Empty(t, s.Leases(foreignHash))
	assert.Len(t, s.Got("/stop"), 1)
}

// Each init that arrives counts there, also one whose answer was lost.
func TestOpenServerless_StopGivesLostInitsBack(t *testing.T) {
	s := harness.NewOpenServerlessServer(t)
	s.Answer("/init", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	r := newRig(t, clientmode.Config{Upstream: s.URL, Dialect: clientmode.DialectOpenServerless})
	require.Equal(t, http.StatusOK, r.post("/init", initBody(harness.OpenServerlessAction)).Status)
	require.Len(t, s.Leases(foreignHash), 2)
	require.NoError(t, r.Stop(t.Context()))
	assert.Empty(t, s.Leases(foreignHash))
}

// A stop in the middle of a run would take that server down.
func TestOpenServerless_NoStopWhileARunMayGoOn(t *testing.T) {
	s, r := foreign(t, clientmode.Config{})
	reached := make(chan struct{})
	s.Answer("error", func(_ http.ResponseWriter, r *http.Request) { close(reached); <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.send(ctx, "/run", do("error"), nil) }()
	wait(t, reached)
	cancel()
	wait(t, done)
	eventually(t, func() bool { return r.Running() == 0 })
	require.ErrorContains(t, r.Stop(t.Context()), "may go on")
	assert.Empty(t, s.Got("/stop"))
}

func TestOpenServerless_WaitsForAServerThatIsAway(t *testing.T) {
	s := harness.NewOpenServerlessServer(t)
	url := s.URL
	s.Close()
	r := newRig(t, clientmode.Config{Upstream: url, Dialect: clientmode.DialectOpenServerless, Limit: 300 * time.Millisecond})
	a := r.post("/init", initBody(small))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "nothing was started")
}
