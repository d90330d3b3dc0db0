package endpoint_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	incarnation = "0b9d3c52-7a5e-4c1f-9d0e-2f6a8b1c4d3e"
	lease       = "6d1f0c3a-93b4-4c57-8a55-0e4b7f7f1a20"
)

var function = runtimespec.Digest{1, 2, 3}

// serve has one handler answer a request to /run.
func serve(t *testing.T, c endpoint.Config, next func(*endpoint.Call) error, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	c.Service, c.ID = "server", incarnation
	c.Load = func() runtimespec.Load { return runtimespec.Load{InFlight: 1, Slots: 8, CPU: -1} }
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Tokens == nil {
		c.Tokens = func() token.Set { return nil }
	}
	e := endpoint.New(c)
	router := e.Echo()
	router.POST(runtimespec.PathRun, e.Handle(next))
	router.POST("/bare", func(echo.Context) error { return &refusal.Refusal{Status: http.StatusConflict, Message: "it is taken"} })
	r := httptest.NewRequest(http.MethodPost, runtimespec.PathRun, strings.NewReader("0123456789"))
	r.Header.Set(runtimespec.HeaderFunction, function.String())
	r.Header.Set(runtimespec.HeaderLease, lease)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	router.ServeHTTP(w, r)
	return w
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func done(c *endpoint.Call) error { return c.Done() }

func TestEndpoint_AnswersAreSigned(t *testing.T) {
	for name, next := range map[string]func(*endpoint.Call) error{
		"answer": done, "refusal": func(*endpoint.Call) error { return errors.New("secret") },
	} {
		w := serve(t, endpoint.Config{}, next, nil)
		assert.Equal(t, incarnation, w.Header().Get(runtimespec.HeaderServer), name)
		assert.Equal(t, "TEXT named_metrics.in_flight=1, named_metrics.slots=8, named_metrics.queued=0", w.Header().Get(runtimespec.HeaderLoad), name)
		assert.Equal(t, fmt.Sprint(w.Body.Len()), w.Header().Get("Content-Length"), name)
	}
	w := serve(t, endpoint.Config{}, func(c *endpoint.Call) error {
		c.W.Header()[runtimespec.HeaderServer] = []string{"another"}
		return c.Done()
	}, nil)
	assert.Equal(t, "another", w.Header().Get(runtimespec.HeaderServer), "a handler may name the server that has answered")
}

func TestEndpoint_ErrorsBecomeRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		reason runtimespec.Reason
		retry  string
		body   string
	}{
		"refusal":   {refusal.New(runtimespec.Saturated, "full"), 503, runtimespec.Saturated, "1", "full"},
		"wrapped":   {fmt.Errorf("run: %w", refusal.New(runtimespec.BadRequest, "no")), 400, runtimespec.BadRequest, "", "no"},
		"no reason": {&refusal.Refusal{Status: http.StatusConflict, Message: "it is taken"}, 409, "", "", "it is taken"},
		"malformed": {fmt.Errorf("%w: a hole", runtimespec.ErrMalformed), 400, runtimespec.BadRequest, "", runtimespec.ErrMalformed.Error() + ": a hole"},
		"unknown":   {errors.New("dial tcp 10.0.0.7:1"), 500, runtimespec.Internal, "", "internal error; the server's log says more"},
	} {
		w := serve(t, endpoint.Config{}, func(*endpoint.Call) error { return c.err }, nil)
		assert.Equal(t, c.status, w.Code, name)
		assert.Equal(t, string(c.reason), w.Header().Get(runtimespec.HeaderReason), name)
		assert.Equal(t, c.retry, w.Header().Get("Retry-After"), name)
		assert.Equal(t, string(runtimespec.ErrorBody(c.body)), w.Body.String(), name)
	}
	w := serve(t, endpoint.Config{Sort: func(error) *refusal.Refusal { return refusal.New(runtimespec.HostFailed, "the disk is full") }},
		func(*endpoint.Call) error { return errors.New("ENOSPC") }, nil)
	assert.Equal(t, `{"error":"the disk is full"}`, w.Body.String())
}

func TestEndpoint_ErrorsOfOtherHandlersAndOfRoutingToo(t *testing.T) {
	for path, want := range map[string]string{"/bare": `409 {"error":"it is taken"}`, "/nowhere": `404 {"error":"Not Found"}`} {
		w := serve(t, endpoint.Config{}, done, func(r *http.Request) { r.URL.Path = path })
		assert.Equal(t, want, fmt.Sprint(w.Code, " ", w.Body), path)
		assert.Empty(t, w.Header().Get(runtimespec.HeaderReason))
	}
}

func TestEndpoint_HandlerThatPanicsIsNotCountedAsGood(t *testing.T) {
	result := ""
	assert.Panics(t, func() {
		serve(t, endpoint.Config{Answered: func(c *endpoint.Call) { result = c.Result() }}, func(*endpoint.Call) error { panic("oh") }, nil)
	})
	assert.Equal(t, string(runtimespec.Internal), result)
}

func TestEndpoint_TokensIdentifyTheCaller(t *testing.T) {
	tokens := token.Set{sha256.Sum256([]byte("alice")): {Tenant: "alice"}, sha256.Sum256([]byte("balancer")): {Tenant: "balancer", Delegate: true}}
	for name, c := range map[string]struct{ token, on, tenant, reason string }{
		"none":     {"", "", "", "unauthorized"},
		"own":      {"Bearer alice", "", "alice", ""},
		"another":  {"Bearer alice", "bob", "", "forbidden"},
		"delegate": {"Bearer balancer", "bob", "bob", ""},
	} {
		w := serve(t, endpoint.Config{Tokens: func() token.Set { return tokens }}, func(c *endpoint.Call) error {
			c.Answer(http.StatusOK, []byte(c.Tenant))
			return nil
		}, func(r *http.Request) {
			r.Header.Set("Authorization", c.token)
			r.Header.Set(runtimespec.HeaderTenant, c.on)
		})
		assert.Equal(t, c.reason, w.Header().Get(runtimespec.HeaderReason), name)
		if c.reason == "" {
			assert.Equal(t, c.tenant, w.Body.String(), name)
		}
	}
}

func TestEndpoint_AdmitHasTheLastWord(t *testing.T) {
	w := serve(t, endpoint.Config{Admit: func(c *endpoint.Call) error {
		return refusal.New(runtimespec.WrongServer, "%s is not served here", c.Tenant)
	}}, done, nil)
	assert.Equal(t, `{"error":"default is not served here"}`, w.Body.String())
}

func TestCall_Order(t *testing.T) {
	const longest = time.Minute
	read := func(change func(*http.Request)) (o endpoint.Order, w *httptest.ResponseRecorder) {
		w = serve(t, endpoint.Config{}, func(c *endpoint.Call) (err error) {
			o, err = c.Order(longest)
			return err
		}, change)
		return o, w
	}
	o, _ := read(nil)
	assert.Equal(t, endpoint.Order{Tenant: token.DefaultTenant, Function: function, Lease: lease, Limit: longest}, o)
	o, _ = read(header(runtimespec.HeaderTimeout, "1500"))
	assert.Equal(t, 1500*time.Millisecond, o.Limit)
	o, _ = read(header(runtimespec.HeaderTimeout, "600000"))
	assert.Equal(t, longest, o.Limit, "no longer than the service allows")
	assert.Equal(t, 10*time.Minute, o.Said)
	for says, change := range map[string]func(*http.Request){
		"the header Whiskaway-Function is missing: callers of a server are client containers and balancers": header(runtimespec.HeaderFunction, ""),
		"Whiskaway-Function: ":                                         header(runtimespec.HeaderFunction, "me"),
		"the header Whiskaway-Lease must be a UUID":                    header(runtimespec.HeaderLease, "{"+lease+"}"),
		"Whiskaway-Activation has more than ":                          header(runtimespec.HeaderActivation, strings.Repeat("a", runtimespec.MaxActivation+1)),
		"Whiskaway-Timeout must be milliseconds between 1 and one day": header(runtimespec.HeaderTimeout, "0"),
	} {
		_, w := read(change)
		assert.Equal(t, http.StatusBadRequest, w.Code, says)
		assert.Contains(t, w.Body.String(), `{"error":"`+says)
	}
}

func TestCall_ReadIsBounded(t *testing.T) {
	limit := endpoint.BodyLimit{Bytes: 9, Flag: "--max-run-body"}
	read := func(c *endpoint.Call) error {
		body, err := c.Read(limit, nil)
		if err == nil {
			c.Answer(http.StatusOK, body)
		}
		return err
	}
	w := serve(t, endpoint.Config{}, read, nil)
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	assert.Contains(t, w.Body.String(), "the request's body of 10 bytes is larger than this server takes: its owner's limit is 9 bytes (--max-run-body)")
	unknown := func(r *http.Request) { r.ContentLength = -1 }
	w = serve(t, endpoint.Config{}, read, unknown)
	assert.Contains(t, w.Body.String(), "the request's body is larger than this server takes")
	limit.Bytes = 10
	for _, change := range []func(*http.Request){nil, unknown} {
		assert.Equal(t, "0123456789", serve(t, endpoint.Config{}, read, change).Body.String())
	}
	w = serve(t, endpoint.Config{}, read, func(r *http.Request) { r.ContentLength = 11; limit.Bytes = 11 })
	assert.Equal(t, "bad-request", w.Header().Get(runtimespec.HeaderReason), "the body was cut off")
}

func TestCall_ReadUsesTheBufferThatFits(t *testing.T) {
	buf := make([]byte, 10)
	serve(t, endpoint.Config{}, func(c *endpoint.Call) error {
		body, err := c.Read(endpoint.BodyLimit{Bytes: 10}, buf)
		require.NoError(t, err)
		assert.Same(t, &buf[0], &body[0])
		return c.Done()
	}, nil)
}

func TestCall_CodeOf(t *testing.T) {
	init, err := runtimespec.ParseInit([]byte(`{"value":{"main":"main","code":"x"}}`))
	require.NoError(t, err)
	bare, err := runtimespec.ParseInit([]byte(`{"value":{"main":"main"}}`))
	require.NoError(t, err)
	code := init.Digest()
	for name, c := range map[string]struct {
		init    *runtimespec.InitBody
		claimed string
		has     bool
		reason  runtimespec.Reason
	}{
		"sent":             {init: init},
		"sent and claimed": {init: init, claimed: code.String()},
		"another claimed":  {init: init, claimed: function.String(), reason: runtimespec.BadRequest},
		"no digest":        {init: init, claimed: "x", reason: runtimespec.BadRequest},
		"kept":             {init: bare, claimed: code.String(), has: true},
		"not kept":         {init: bare, claimed: code.String(), reason: runtimespec.CodeNeeded},
		"nothing":          {init: bare, has: true, reason: runtimespec.BadRequest},
	} {
		w := serve(t, endpoint.Config{}, func(call *endpoint.Call) error {
			got, err := call.CodeOf(c.init, func(tenant string, code runtimespec.Digest) bool { return c.has })
			if err == nil {
				assert.Equal(t, code, got, name)
				return call.Done()
			}
			return err
		}, header(runtimespec.HeaderCode, c.claimed))
		assert.Equal(t, string(c.reason), w.Header().Get(runtimespec.HeaderReason), name)
	}
}

func TestCall_AnInitSaysWhichContainerAndFunction(t *testing.T) {
	spec := runtimespec.Function{Kind: "python:3"}
	init := func(c *endpoint.Call) error {
		kind, env, err := c.Container()
		if err != nil {
			return err
		}
		assert.Equal(t, "python:3", kind)
		assert.Equal(t, map[string]string{"__OW_API_HOST": "here"}, env)
		if err := c.CheckFunction(spec, endpoint.Order{Function: spec.Identity()}); err != nil {
			return err
		}
		return c.CheckFunction(spec, endpoint.Order{Function: function})
	}
	env, err := runtimespec.EncodeEnv(map[string]string{"__OW_API_HOST": "here"})
	require.NoError(t, err)
	w := serve(t, endpoint.Config{}, init, func(r *http.Request) {
		r.Header.Set(runtimespec.HeaderKind, "python:3")
		r.Header.Set(runtimespec.HeaderEnv, env)
	})
	assert.Contains(t, w.Body.String(), "the function is not what Whiskaway-Function says: is WHISKAWAY_VOLATILE_ENV the same on the caller and the server?")
	w = serve(t, endpoint.Config{}, init, header(runtimespec.HeaderEnv, "?"))
	assert.Equal(t, "bad-request", w.Header().Get(runtimespec.HeaderReason))
}

func TestEndpoint_NoAnswerFollowsOneThatBrokeOffOrACallerThatLeft(t *testing.T) {
	outcome := ""
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
		serve(t, endpoint.Config{Answered: func(c *endpoint.Call) { outcome = c.Result() }},
			func(*endpoint.Call) error { return fmt.Errorf("run: %w", exchange.ErrLeft) }, nil)
	})
	assert.Equal(t, "caller-left", outcome)
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
		serve(t, endpoint.Config{Answered: func(c *endpoint.Call) { outcome = c.Result() }},
			func(*endpoint.Call) error { return exchange.ErrCut }, nil)
	})
	assert.Equal(t, "cut", outcome, "the caller sees that and asks again")
}

func TestEndpoint_LogsAndCounts(t *testing.T) {
	core, logged := observer.New(zapcore.DebugLevel)
	var results []string
	cfg := endpoint.Config{
		Log: zap.New(core), AccessLog: func() bool { return true },
		Answered: func(c *endpoint.Call) { results = append(results, c.Result()) },
		Level: func(_ *endpoint.Call, reason runtimespec.Reason) zapcore.Level {
			if reason == runtimespec.Internal {
				return zapcore.ErrorLevel
			}
			return zapcore.DebugLevel
		},
	}
	serve(t, cfg, done, header(runtimespec.HeaderActivation, "a1"))
	serve(t, cfg, func(*endpoint.Call) error { return errors.New("dial tcp 10.0.0.7:1") }, nil)
	serve(t, cfg, func(*endpoint.Call) error { return fmt.Errorf("it left: %w", context.Canceled) }, nil)
	serve(t, cfg, func(c *endpoint.Call) error {
		c.Outcome = "a word of a hostile server"
		c.Answer(http.StatusTeapot, nil)
		return nil
	}, nil)
	assert.Equal(t, []string{"ok", "internal", "internal", "error"}, results)
	lines := logged.FilterMessage("answered").All()
	require.Len(t, lines, 4)
	fields := lines[0].ContextMap()
	assert.Equal(t, "a1", fields["activation"])
	assert.EqualValues(t, 200, fields["status"])
	refused := logged.FilterMessage("refused").All()
	require.NotEmpty(t, refused)
	assert.Equal(t, zapcore.ErrorLevel, refused[0].Level)
	assert.Equal(t, "dial tcp 10.0.0.7:1", refused[0].ContextMap()["error"])
}
