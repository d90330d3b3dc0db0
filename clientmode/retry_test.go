package clientmode_test

import (
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/test/harness"
)

func TestRun_BringsAForgottenFunctionBack(t *testing.T) {
	f := newFake(t, map[string]script{"/run": first(1, refuse(runtimespec.UnknownFunction), echo)})
	r := ready(t, f, clientmode.Config{})
	a := r.post("/run", runBody("a"))
	assert.Equal(t, http.StatusOK, a.Status)
	assert.Equal(t, runBody("a"), a.Body)
	inits := f.all("/init")
	require.Len(t, inits, 2)
	assert.Equal(t, inits[0].body, inits[1].body)
	assert.Equal(t, 2, f.count("/run"))
	r.sentinels(1)
}

func TestRun_ConcurrentOnesShareOneReinit(t *testing.T) {
	const runs = 20
	var refused sync.WaitGroup
	refused.Add(runs)
	f := newFake(t, map[string]script{
		"/run": first(runs, func(w http.ResponseWriter, r request) {
			refused.Done()
			refused.Wait() // all find out together
			refuse(runtimespec.UnknownFunction)(w, r)
		}, echo),
	})
	r := ready(t, f, clientmode.Config{Environ: []string{"__OW_ALLOW_CONCURRENT=true"}})
	arrived := make(chan struct{}, 1)
	release := make(chan struct{})
	f.on("/init", held(arrived, release, ok))
	var answers []<-chan harness.Answer
	for i := range runs {
		answers = append(answers, r.async("/run", runBody(string(rune('a'+i)))))
	}
	wait(t, arrived)
	eventually(t, func() bool { return r.Rejoined() == runs-1 })
	close(release)
	for _, answer := range answers {
		assert.Equal(t, http.StatusOK, wait(t, answer).Status)
	}
	assert.Equal(t, 2, f.count("/init"))
	assert.Equal(t, 2*runs, f.count("/run"))
	r.sentinels(runs)
}

func TestRun_IsSentAgainWhenNothingWasStarted(t *testing.T) {
	for _, reason := range []runtimespec.Reason{runtimespec.Saturated, runtimespec.Draining, runtimespec.StartFailed, runtimespec.TableFull} {
		t.Run(string(reason), func(t *testing.T) {
			f := newFake(t, map[string]script{"/run": first(3, refuse(reason), echo)})
			r := ready(t, f, clientmode.Config{})
			assert.Equal(t, http.StatusOK, r.post("/run", runBody("a")).Status)
			assert.Equal(t, 4, f.count("/run"))
			r.sentinels(1)
		})
	}
}

func TestRun_GivesUpNearTheDeadline(t *testing.T) {
	for unavailable, status := range map[bool]int{false: http.StatusBadGateway, true: http.StatusServiceUnavailable} {
		f := newFake(t, map[string]script{"/run": refuse(runtimespec.Saturated)})
		r := ready(t, f, clientmode.Config{Limit: 600 * time.Millisecond, Unavailable: unavailable})
		start := time.Now()
		a := r.post("/run", runBody("a"))
		assert.Less(t, time.Since(start), harness.Patience)
		assert.Equal(t, status, a.Status)
		assert.Equal(t, `{"error":"saturated it is"}`, a.Body)
		assert.Greater(t, f.count("/run"), 2)
		assert.Less(t, f.count("/run"), 10, "pauses grow")
		r.sentinels(1)

		f.close()
		a = r.post("/run", runBody("b"))
		assert.Equal(t, status, a.Status)
		assert.Contains(t, a.Body, "the server cannot be reached, nothing was started: the connection was refused")
		r.sentinels(2)
	}
}

func TestRun_AFailedReinitNeverClaimsThatItRan(t *testing.T) {
	f := newFake(t, map[string]script{"/run": refuse(runtimespec.UnknownFunction)})
	r := ready(t, f, clientmode.Config{Limit: 200 * time.Millisecond, Unavailable: true})
	f.on("/init", raw(""))
	a := r.post("/run", runBody("a"))
	assert.Equal(t, http.StatusServiceUnavailable, a.Status, a.Body)
	assert.Contains(t, a.Body, "nothing was started")
}

func TestInit_WaitsForAServerThatIsNotThereYet(t *testing.T) {
	f := unstarted(nil)
	address := f.Listener.Addr().String()
	require.NoError(t, f.Listener.Close())
	r := newRig(t, clientmode.Config{Upstream: address, Limit: 150 * time.Millisecond})
	a := r.post("/init", initBody(small))
	assert.Equal(t, http.StatusBadGateway, a.Status)
	assert.Contains(t, a.Body, "the server cannot be reached, nothing was started: the connection was refused")
	r.sentinels(1)

	patient := newRig(t, clientmode.Config{Upstream: address})
	refused := patient.CountFailed()
	answer := patient.async("/init", initBody(small))
	eventually(t, func() bool { return refused.Load() > 1 })
	var err error
	f.Listener, err = net.Listen("tcp", address)
	require.NoError(t, err)
	f.Start()
	t.Cleanup(f.close)
	assert.Equal(t, http.StatusOK, wait(t, answer).Status)
	patient.sentinels(0)
}

func TestInit_IsRepeatedWhenItsConnectionBreaks(t *testing.T) {
	for name, broken := range map[string]script{"closed": raw(""), "reset": reset, "within frames": raw(head + "\r\n\x01\x00\x00")} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, map[string]script{"/init": first(2, broken, ok)})
			r := ready(t, f, clientmode.Config{})
			assert.Equal(t, 3, f.count("/init"))
			r.sentinels(0)
		})
	}
}
