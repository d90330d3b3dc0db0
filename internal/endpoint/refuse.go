package endpoint

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// refuse answers a request with an error, all of it in one write.
func (c *Call) refuse(err error) {
	if left := errors.Is(err, exchange.ErrLeft); left || errors.Is(err, exchange.ErrCut) {
		if c.Outcome = exchange.Cut; left || c.Caller.Err() != nil {
			c.Outcome = exchange.Left
		}
		panic(http.ErrAbortHandler) // the connection breaks, so that the caller sees a cut answer as one
	}
	r := c.Note(err)
	h := c.W.Header()
	if r.Reason != "" {
		h[runtimespec.HeaderReason] = []string{string(r.Reason)}
	}
	if seconds, ok := r.RetrySeconds(); ok {
		h["Retry-After"] = []string{strconv.Itoa(seconds)}
	}
	c.Answer(r.StatusCode(), r.Body())
}

// Note logs that the request failed with err and returns what that means to the
// caller. It is for handlers that write their own answer.
func (c *Call) Note(err error) *refusal.Refusal {
	r := c.endpoint.sorted(err)
	c.Outcome, c.Failed = string(cmp.Or(r.Reason, runtimespec.Internal)), err
	level := zapcore.DebugLevel
	if c.endpoint.Level != nil {
		level = c.endpoint.Level(c, r.Reason)
	}
	if level > zapcore.DebugLevel || !errors.Is(err, context.Canceled) {
		c.endpoint.Log.Log(level, "refused", zap.String("reason", string(r.Reason)), zap.Error(err), c.TraceID())
	}
	return r
}

// sorted returns the refusal that err means.
func (e *Endpoint) sorted(err error) *refusal.Refusal {
	var routing *echo.HTTPError
	switch {
	case errors.As(err, &routing):
		return &refusal.Refusal{Status: routing.Code, Message: http.StatusText(routing.Code)}
	case e.Sort != nil:
		return e.Sort(err)
	}
	return refusal.Of(err, e.Service)
}

// Sign adds the server's incarnation and its utilisation to an answer.
func (e *Endpoint) Sign(h http.Header) {
	h[runtimespec.HeaderServer] = e.id
	h[runtimespec.HeaderLoad] = []string{string(e.Load().AppendHeader(make([]byte, 0, 128)))}
}

var (
	asJSON = []string{"application/json"}
	done   = []byte(`{"ok":true}`)
)

// Answer answers with JSON. It signs the answer unless the handler has done so.
func (c *Call) Answer(status int, body []byte) {
	h := c.W.Header()
	if h[runtimespec.HeaderServer] == nil {
		c.endpoint.Sign(h)
	}
	h["Content-Type"] = asJSON
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.Status = status
	c.W.WriteHeader(status)
	_, _ = c.W.Write(body)
}

// Done answers that the request was carried out.
func (c *Call) Done() error {
	c.Answer(http.StatusOK, done)
	return nil
}
