package loadbalancer_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestRun_PassesThroughAsItIs(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	s.on(runtimespec.PathRun, func(_ *fake, w http.ResponseWriter, _ request) {
		w.Header().Set("Content-Type", runtimespec.MediaFrames)
		write(w, "bytes\x00of a server's own")
	})
	h := f.header(runtimespec.HeaderActivation, "a1", runtimespec.HeaderTimeout, "5000", "Accept", runtimespec.MediaFrames,
		runtimespec.HeaderTrace, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	const body = `{"value":{"x": 1.50,  "x":2},"activation_id":"a1"} `
	a := r.post(runtimespec.PathRun, h, body)
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, "bytes\x00of a server's own", a.body)
	assert.Equal(t, s.id, a.header.Get(runtimespec.HeaderServer))
	assert.Contains(t, a.header.Get(runtimespec.HeaderLoad), "slots=4")

	sent := s.all(runtimespec.PathRun)
	require.Len(t, sent, 1)
	assert.Equal(t, body, sent[0].body)
	for _, name := range []string{runtimespec.HeaderFunction, runtimespec.HeaderActivation, "Accept", runtimespec.HeaderTrace} {
		assert.Equal(t, h.Get(name), sent[0].Get(name), name)
	}
	left, err := runtimespec.Timeout(sent[0].Header, 0)
	require.NoError(t, err)
	assert.Less(t, left.Milliseconds(), int64(5000))
	assert.Greater(t, left.Milliseconds(), int64(1000))
	assert.Len(t, sent[0].Get(runtimespec.HeaderHops), 36)
}

func TestRun_IsSentElsewhereWhenItWasNotStarted(t *testing.T) {
	for name, not := range map[string]script{
		"saturated": refuse(runtimespec.Saturated), "draining": refuse(runtimespec.Draining),
		"table-full": refuse(runtimespec.TableFull), "start-failed": refuse(runtimespec.StartFailed),
	} {
		t.Run(name, func(t *testing.T) {
			one, other := newFake(t), newFake(t)
			r := before(t, loadbalancer.Config{}, one, other)
			f := newTarget(small)
			r.mustInit(f)
			if one.count(runtimespec.PathInit) == 0 {
				one, other = other, one
			}
			one.on(runtimespec.PathRun, not)
			a := r.mustRun(f)
			assert.Equal(t, other.id, a.header.Get(runtimespec.HeaderServer))
			assert.Equal(t, 1, one.count(runtimespec.PathRun))
			assert.Equal(t, 1, other.count(runtimespec.PathInit), "from what the balancer keeps")
		})
	}
}

func TestRun_WhatMayHaveBeenStartedIsNotSentAgain(t *testing.T) {
	for name, end := range map[string]script{
		"closed without an answer": raw(""), "reset": reset, "half a head": raw("HTTP/1.1 200 OK\r\nContent-"),
		"no HTTP": raw("220 mail.example ESMTP\r\n"), "no server of the contract": raw("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!"),
		"internal": refuse(runtimespec.Internal),
	} {
		t.Run(name, func(t *testing.T) {
			one, other := newFake(t), newFake(t)
			r := before(t, loadbalancer.Config{}, one, other)
			one.on(runtimespec.PathRun, end)
			other.on(runtimespec.PathRun, end)
			f := newTarget(small)
			r.mustInit(f)
			a := r.run(f, "a1")
			assert.NoError(t, a.err)
			assert.GreaterOrEqual(t, a.status, 500)
			assert.Equal(t, runtimespec.Internal, a.reason)
			assert.Equal(t, 1, one.count(runtimespec.PathRun)+other.count(runtimespec.PathRun))
		})
	}
}

func TestRun_RefusedEverywhereIsTheCallersToRepeat(t *testing.T) {
	fakes := []*fake{newFake(t), newFake(t), newFake(t), newFake(t)}
	r := before(t, loadbalancer.Config{Queue: -1}, fakes...)
	for _, f := range fakes {
		f.on(runtimespec.PathRun, refuse(runtimespec.Saturated))
	}
	f := newTarget(small)
	r.mustInit(f)
	a := r.run(f, "a1")
	assert.Equal(t, runtimespec.Saturated, a.reason)
	assert.Equal(t, http.StatusServiceUnavailable, a.status)
	assert.Equal(t, "1", a.header.Get("Retry-After"))
	assert.JSONEq(t, `{"error":"saturated it is"}`, a.body)
	total := 0
	for _, f := range fakes {
		total += f.count(runtimespec.PathRun)
	}
	assert.Equal(t, 3, total)
}

func TestRun_ServerThatForgotIsToldAgain(t *testing.T) {
	for name, code := range map[string]string{"small": small, "large": large} {
		t.Run(name, func(t *testing.T) {
			s := newFake(t)
			r := before(t, loadbalancer.Config{}, s)
			f := newTarget(code)
			r.mustInit(f)
			s.on(runtimespec.PathRun, first(1, refuse(runtimespec.UnknownFunction), echo))
			s.on(runtimespec.PathInit, func(f *fake, w http.ResponseWriter, r request) {
				init, err := runtimespec.ParseInit([]byte(r.body))
				if err != nil || !init.HasCode {
					refuse(runtimespec.CodeNeeded)(f, w, r)
				} else {
					ok(f, w, r)
				}
			})
			r.mustRun(f)
			assert.Equal(t, 2, s.count(runtimespec.PathRun))
			all := s.all(runtimespec.PathInit)
			init, err := runtimespec.ParseInit([]byte(all[len(all)-1].body))
			require.NoError(t, err)
			assert.Equal(t, code, string(init.Code))
			assert.Equal(t, f.spec.Identity(), init.Function("native", init.Digest(), nil, nil).Identity())
		})
	}
}

func TestRun_OfAnUnknownFunctionIsTheCallersToInitialise(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	a := r.run(newTarget(small), "a1")
	assert.Equal(t, runtimespec.UnknownFunction, a.reason)
	assert.Zero(t, s.count(runtimespec.PathRun))
}

func TestRun_BadRequestsAreRefused(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{MaxRunBody: 1000}, s)
	f := newTarget(small)
	r.mustInit(f)
	for name, c := range map[string]struct {
		header []string
		body   string
		reason runtimespec.Reason
	}{
		"oversized":   {nil, string(make([]byte, 1001)), runtimespec.TooLarge},
		"no function": {[]string{runtimespec.HeaderFunction, "x"}, "{}", runtimespec.BadRequest},
		"no lease":    {[]string{runtimespec.HeaderLease, "x"}, "{}", runtimespec.BadRequest},
		"timeout":     {[]string{runtimespec.HeaderTimeout, "-1"}, "{}", runtimespec.BadRequest},
		"tenant":      {[]string{runtimespec.HeaderTenant, "other"}, "{}", runtimespec.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			a := r.post(runtimespec.PathRun, f.header(c.header...), c.body)
			assert.Equal(t, c.reason, a.reason)
			assert.Equal(t, c.reason.Status(), a.status)
		})
	}
	assert.Zero(t, s.count(runtimespec.PathRun))
}
