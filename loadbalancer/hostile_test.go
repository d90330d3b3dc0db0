package loadbalancer_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/test/harness"
)

// endless answers with a head, in which SERVER stands for who answers, and then with the same piece until it cannot be
// sent any more; ended is closed then.
func endless(head, piece string, ended chan<- struct{}) script {
	return func(f *fake, w http.ResponseWriter, _ request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer close(ended)
		defer conn.Close()
		for text := strings.Replace(head, "SERVER", f.id, 1); err == nil; text = piece {
			_, err = io.WriteString(conn, text)
		}
	}
}

const (
	plainHead   = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nWhiskaway-Server: SERVER\r\n"
	refusalHead = "HTTP/1.1 503 Busy\r\nWhiskaway-Server: SERVER\r\nWhiskaway-Reason: start-failed\r\n"
	framesHead  = "HTTP/1.1 200 OK\r\nContent-Type: " + runtimespec.MediaFrames + "\r\nWhiskaway-Server: SERVER\r\n"
	chunk       = "1000\r\n" // 4 KiB
)

var filler = strings.Repeat(" ", 4<<10)

// Heads, interim answers and probes are bounded; what is said then is an error.
func TestRun_AnAnswerThatNeverBeginsIsCutOff(t *testing.T) {
	for name, c := range map[string]struct{ head, piece string }{
		"a line without an end":    {plainHead + "X: ", filler},
		"lines without an end":     {plainHead, "X: " + filler + "\r\n"},
		"interim answers for ever": {"", "HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n"},
		"a chunk's size":           {plainHead + "Transfer-Encoding: chunked\r\n\r\n1;", filler},
	} {
		t.Run(name, func(t *testing.T) {
			s := newFake(t)
			r := before(t, loadbalancer.Config{}, s)
			f, ended := newTarget(small), make(chan struct{})
			r.mustInit(f)
			s.on(runtimespec.PathRun, endless(c.head, c.piece, ended))
			a := r.run(f, "a1", runtimespec.HeaderTimeout, "600000")
			assert.True(t, a.status >= 500 && a.reason == runtimespec.Internal || a.err != nil, "%+v", a)
			wait(t, ended)
			assert.Equal(t, 1, s.count(runtimespec.PathRun), "it may have been started")
		})
	}
}

// A body goes on as it comes, for as long as the run has time.
func TestRun_AnAnswerThatNeverEndsIsCutOffAtItsDeadline(t *testing.T) {
	for name, head := range map[string]string{
		"in chunks":                       plainHead + "Transfer-Encoding: chunked\r\n\r\n",
		"of a length that no memory has":  plainHead + "Content-Length: 9000000000000000000\r\n\r\n",
		"until the end of the connection": plainHead + "Connection: close\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := newFake(t)
			r := before(t, loadbalancer.Config{}, s)
			f, ended := newTarget(small), make(chan struct{})
			r.mustInit(f)
			s.on(runtimespec.PathRun, endless(head, chunk+filler+"\r\n", ended))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.Addr()+runtimespec.PathRun, strings.NewReader(`{"value":{}}`))
			require.NoError(t, err)
			req.Header = f.header(runtimespec.HeaderActivation, "a1", runtimespec.HeaderTimeout, "1500")
			resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			assert.Equal(t, s.id, resp.Header.Get(runtimespec.HeaderServer))
			_, err = io.Copy(io.Discard, resp.Body)
			assert.Error(t, err, "recognisably not whole")
			wait(t, ended)
			s.on(runtimespec.PathRun, echo)
			r.mustRun(f)
		})
	}
}

// bounded is what a caller gets, and until when.
type bounded struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (w *bounded) SetReadDeadline(time.Time) error { return nil }
func (w *bounded) SetWriteDeadline(at time.Time) error {
	w.until = at
	return nil
}

// A caller that reads a byte now and then holds its place for a minute longer
// than the run has time.
func TestRun_ACallerThatReadsSlowlyHasUntilItsDeadlineAndAMinute(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	s.on(runtimespec.PathRun, func(_ *fake, w http.ResponseWriter, _ request) { w.(http.Flusher).Flush() })
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, runtimespec.PathRun, strings.NewReader(`{"value":{}}`))
	req.Header = f.header(runtimespec.HeaderActivation, "a1", runtimespec.HeaderTimeout, "100000")
	w := &bounded{ResponseRecorder: httptest.NewRecorder()}
	r.Handler().ServeHTTP(w, req)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	assert.WithinDuration(t, time.Now().Add(160*time.Second), w.until, harness.Patience)
}

// An init's answer is kept, so it is bounded.
func TestInit_AnAnswerThatNeverEndsIsCutOff(t *testing.T) {
	for name, c := range map[string]struct{ head, piece string }{
		"its result":       {plainHead + "Connection: close\r\n\r\n", filler},
		"its refusal":      {refusalHead + "Connection: close\r\n\r\n", filler},
		"a frame's result": {framesHead + "Connection: close\r\n\r\n\x03\x00\x00\xc8\xff\xff\xff\xff", filler},
		"its logs":         {framesHead + "Connection: close\r\n\r\n", "\x01\x00\x00\x00\x00\x00\x10\x00" + filler},
	} {
		t.Run(name, func(t *testing.T) {
			s := newFake(t)
			r := before(t, loadbalancer.Config{}, s)
			ended := make(chan struct{})
			s.on(runtimespec.PathInit, endless(c.head, c.piece, ended))
			a := r.init(newTarget(small))
			assert.Equal(t, runtimespec.StartFailed, a.reason)
			assert.Regexp(t, `^\{"error":"[^"]{1,500}"\}$`, a.body[:min(len(a.body), 1000)])
			wait(t, ended)
			s.on(runtimespec.PathInit, ok)
			f := newTarget(small, "A", "another")
			r.mustInit(f)
			r.mustRun(f)
		})
	}
}

// Nobody waits for whoever answers probes without an end.
func TestChecks_AProbesAnswerThatNeverEndsIsNone(t *testing.T) {
	for _, path := range []string{runtimespec.PathReady, runtimespec.PathFunctions} {
		t.Run(path, func(t *testing.T) {
			s, well := newFake(t), newFake(t)
			s.on(path, func(f *fake, w http.ResponseWriter, in request) {
				endless(plainHead+"Connection: close\r\n\r\n", filler, make(chan struct{}))(f, w, in)
			})
			r := newRig(t, loadbalancer.Config{Servers: []string{s.URL, well.URL}})
			r.identified(1)
			f := newTarget(small)
			r.mustInit(f)
			r.mustRun(f)
			assert.NotEmpty(t, r.problem(0, "unidentified", "draining"))
			assert.Zero(t, s.count(runtimespec.PathInit))
		})
	}
}

// A size that is not told beforehand is found out.
func TestBalancer_OversizedBodiesInChunksAreRefused(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{MaxRunBody: 1000, MaxInitBody: 10_000}, s)
	f := newTarget(small)
	r.mustInit(f)
	inits := s.count(runtimespec.PathInit)
	for path, body := range map[string]string{runtimespec.PathRun: filler, runtimespec.PathInit: newTarget(large).body(true)} {
		a := r.post(path, f.header("Transfer-Encoding", "chunked"), body)
		assert.Equal(t, runtimespec.TooLarge, a.reason, path)
		assert.Equal(t, http.StatusRequestEntityTooLarge, a.status, path)
		assert.Regexp(t, `^\{"error":".*1000`, a.body, path)
	}
	assert.Zero(t, s.count(runtimespec.PathRun))
	assert.Equal(t, inits, s.count(runtimespec.PathInit))
	a := r.post(runtimespec.PathRun, f.header("Transfer-Encoding", "chunked"), `{"value":{}}`)
	assert.Equal(t, http.StatusOK, a.status)
}

// A server that is always idle, as it says, and never has room is left alone for
// as long as it says then.
func TestRun_ABoasterIsLeftAloneWhenItRefuses(t *testing.T) {
	boaster, well := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, boaster, well)
	f := newTarget(small)
	r.mustInit(f)
	if boaster.count(runtimespec.PathInit) == 0 {
		boaster, well = well, boaster
	}
	boast := func(honest script) script {
		return func(f *fake, w http.ResponseWriter, in request) {
			w.Header().Set(runtimespec.HeaderLoad, "TEXT named_metrics.in_flight=0, named_metrics.slots=4096, named_metrics.queued=0")
			honest(f, w, in)
		}
	}
	boaster.on(runtimespec.PathReady, boast(ready))
	boaster.on(runtimespec.PathRun, boast(func(f *fake, w http.ResponseWriter, in request) {
		w.Header().Set(runtimespec.HeaderReason, string(runtimespec.Saturated))
		w.Header().Set("Retry-After", "2") // at least one second, as it is rounded up
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	began := time.Now()
	for range 100 {
		assert.Equal(t, well.id, r.mustRun(f).header.Get(runtimespec.HeaderServer))
	}
	assert.Positive(t, boaster.count(runtimespec.PathRun))
	assert.LessOrEqual(t, boaster.count(runtimespec.PathRun), 1+int(time.Since(began)/time.Second))
}
