package loadbalancer_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// cut is an answer of the fake's that breaks off.
func cut(rest string) script {
	return func(f *fake, w http.ResponseWriter, r request) {
		raw("HTTP/1.1 200 OK\r\nContent-Type: "+runtimespec.MediaFrames+"\r\nWhiskaway-Server: "+f.id+"\r\n"+rest)(f, w, r)
	}
}

func TestRun_CutAnswerIsSeenAsOneAndNamesWhoToAsk(t *testing.T) {
	for name, rest := range map[string]string{
		"of a known length": "Content-Length: 20\r\n\r\nabc", "without any": "Content-Length: 20\r\n\r\n",
		"a long one": "Content-Length: 100000\r\n\r\nabc", "in chunks": "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			one, other := newFake(t), newFake(t)
			r := before(t, loadbalancer.Config{}, one, other)
			f := newTarget(small)
			r.mustInit(f)
			if one.count(runtimespec.PathInit) == 0 {
				one, other = other, one
			}
			one.on(runtimespec.PathRun, cut(rest))
			a := r.run(f, "a1")
			assert.Error(t, a.err, "recognisably not whole")
			assert.Equal(t, one.id, a.header.Get(runtimespec.HeaderServer))

			one.on(runtimespec.PathRun, echo)
			again := r.run(f, "a1", runtimespec.HeaderServer, one.id)
			assert.Equal(t, http.StatusOK, again.status)
			asked := one.all(runtimespec.PathRun)
			require.Len(t, asked, 2)
			assert.Equal(t, one.id, asked[1].Get(runtimespec.HeaderServer))
			assert.Zero(t, other.count(runtimespec.PathRun))
		})
	}
}

// Where traces are on, each request to a server belongs to the balancer's own span,
// also one that asks again.
func TestRun_AskedForAgainBelongsToTheBalancersSpan(t *testing.T) {
	collector := newFake(t)
	collector.on("/v1/traces", ok)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	const traceID, callers = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for _, server := range []string{"", s.id} {
		r.run(f, "a1", runtimespec.HeaderTrace, "00-"+traceID+"-"+callers+"-01", runtimespec.HeaderServer, server)
	}
	asked := s.all(runtimespec.PathRun)
	require.Len(t, asked, 2)
	for _, a := range asked {
		assert.Contains(t, a.Get(runtimespec.HeaderTrace), traceID)
		assert.NotContains(t, a.Get(runtimespec.HeaderTrace), callers)
	}
}

// Whatever becomes of asking again, it starts nothing and no other server is
// asked.
func TestRun_AskedForAgainGoesToItsServerOnly(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	assert.Equal(t, runtimespec.WrongServer, r.run(f, "a1", runtimespec.HeaderServer, uuid.NewString()).reason)
	assert.Zero(t, s.count(runtimespec.PathRun))
	for name, c := range map[string]struct {
		end  script
		want runtimespec.Reason
	}{
		"unknown there": {refuse(runtimespec.UnknownActivation), runtimespec.UnknownActivation},
		"forgotten":     {refuse(runtimespec.UnknownFunction), runtimespec.UnknownFunction},
		"full":          {refuse(runtimespec.Saturated), runtimespec.Saturated},
		"broken off":    {reset, runtimespec.Saturated},
		"no server":     {raw("HTTP/1.1 200 OK\r\n\r\n"), runtimespec.Saturated},
	} {
		s.on(runtimespec.PathRun, c.end)
		assert.Equal(t, c.want, r.run(f, "a1", runtimespec.HeaderServer, s.id).reason, name)
	}
	old := s.id
	now := s.restart()
	r.eventually(func() bool { return r.servers()[0].ID == now })
	assert.Equal(t, runtimespec.WrongServer, r.run(f, "a1", runtimespec.HeaderServer, old).reason)
	assert.Equal(t, 1, s.count(runtimespec.PathInit))
}

func TestRun_AskedForBeforeItsServerWasMetIsAskedForAgain(t *testing.T) {
	s := newFake(t)
	s.on(runtimespec.PathReady, reset)
	r := newRig(t, loadbalancer.Config{}, s.URL)
	assert.Equal(t, runtimespec.Saturated, r.run(newTarget(small), "a1", runtimespec.HeaderServer, s.id).reason)
}

func TestRun_StreamsArePassedOnAsTheyCome(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	next := make(chan string)
	s.on(runtimespec.PathRun, func(_ *fake, w http.ResponseWriter, _ request) {
		for text := range next {
			_, _ = io.WriteString(w, text)
			w.(http.Flusher).Flush()
		}
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.Addr()+"/run", strings.NewReader("{}"))
	require.NoError(t, err)
	req.Header = f.header()
	answers := async(func() *http.Response {
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		assert.NoError(t, err)
		return resp
	})
	next <- ""
	resp := wait(t, answers) // the head comes before any of the body
	defer resp.Body.Close()
	assert.Equal(t, s.id, resp.Header.Get(runtimespec.HeaderServer))
	for _, text := range []string{"one", "another"} {
		next <- text
		buf := make([]byte, len(text))
		_, err := io.ReadFull(resp.Body, buf)
		require.NoError(t, err)
		assert.Equal(t, text, string(buf))
	}
	close(next)
	rest, err := io.ReadAll(resp.Body)
	assert.NoError(t, err)
	assert.Empty(t, rest)
}

func TestRun_CallerThatHangsUpIsHeardByTheServer(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	arrived, heard := make(chan struct{}), make(chan struct{})
	s.on(runtimespec.PathRun, func(_ *fake, _ http.ResponseWriter, in request) {
		close(arrived)
		<-in.done
		close(heard)
	})
	ctx, cancel := context.WithCancel(t.Context())
	answer := async(func() got { return r.do(ctx, http.MethodPost, "/run", f.header(), "{}") })
	wait(t, arrived)
	cancel()
	wait(t, heard)
	assert.Error(t, wait(t, answer).err)
	assert.Equal(t, 1, r.count("healthy", "recovering"), "that is not the server's fault")
}

func TestRun_CancelGoesToItsServer(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one, other)
	f := newTarget(small)
	r.mustInit(f)
	if one.count(runtimespec.PathInit) == 0 {
		one, other = other, one
	}
	end, arrived := make(chan struct{}), make(chan struct{})
	one.on(runtimespec.PathRun, func(f *fake, w http.ResponseWriter, in request) {
		close(arrived)
		hang(end)(f, w, in)
	})
	answer := async(func() got { return r.run(f, "a1") })
	wait(t, arrived)
	a := r.post("/stop", f.header(runtimespec.HeaderActivation, "a1"), "")
	assert.Equal(t, http.StatusOK, a.status)
	require.Equal(t, 1, one.count(runtimespec.PathStop))
	assert.Equal(t, "a1", one.all(runtimespec.PathStop)[0].Get(runtimespec.HeaderActivation))
	assert.Zero(t, other.count(runtimespec.PathStop))
	close(end)
	assert.Equal(t, http.StatusOK, wait(t, answer).status)
}

func TestRun_CancelledBeforeItWasSentIsNotSent(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	loading, end := make(chan struct{}), make(chan struct{})
	s.on(runtimespec.PathRun, refuse(runtimespec.UnknownFunction))
	s.on(runtimespec.PathInit, func(f *fake, w http.ResponseWriter, in request) {
		close(loading)
		<-end
		ok(f, w, in)
	})
	answer := async(func() got { return r.run(f, "a1") })
	wait(t, loading)
	assert.Equal(t, http.StatusOK, r.post("/stop", f.header(runtimespec.HeaderActivation, "a1"), "").status)
	assert.Equal(t, runtimespec.Cancelled, wait(t, answer).reason)
	close(end)
	assert.Equal(t, 1, s.count(runtimespec.PathRun))
}

func TestRun_TheSameActivationTwiceGoesToTheSameServer(t *testing.T) {
	fakes := []*fake{newFake(t), newFake(t), newFake(t)}
	r := before(t, loadbalancer.Config{Policy: "round-robin"}, fakes...)
	f := newTarget(small)
	r.mustInit(f)
	end, arrived := make(chan struct{}), make(chan *fake, 2)
	for _, s := range fakes {
		s.on(runtimespec.PathRun, func(f *fake, w http.ResponseWriter, in request) {
			arrived <- f
			hang(end)(f, w, in)
		})
	}
	one := async(func() got { return r.run(f, "a1") })
	at := wait(t, arrived)
	other := async(func() got { return r.run(f, "a1") })
	r.eventually(r.Joined)
	close(end)
	assert.Equal(t, http.StatusOK, wait(t, one).status)
	assert.Equal(t, http.StatusOK, wait(t, other).status)
	assert.Equal(t, 2, at.count(runtimespec.PathRun), "where it is joined or remembered")
}

func TestRun_TheSameActivationIsNotStartedByASecondCaller(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	end, arrived := make(chan struct{}), make(chan struct{})
	s.on(runtimespec.PathRun, first(1, func(f *fake, w http.ResponseWriter, in request) {
		close(arrived)
		hang(end)(f, w, in)
	}, refuse(runtimespec.UnknownFunction))) // restarted meanwhile
	one := async(func() got { return r.run(f, "a1") })
	wait(t, arrived)
	other := async(func() got { return r.run(f, "a1") })
	r.eventually(r.Joined)
	close(end)
	assert.Equal(t, http.StatusOK, wait(t, one).status)
	assert.Equal(t, runtimespec.Internal, wait(t, other).reason, "nothing that permits to start it")
	assert.Equal(t, 2, s.count(runtimespec.PathRun))
}
