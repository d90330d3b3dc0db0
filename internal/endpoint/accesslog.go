package endpoint

import (
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Result returns the outcome of the request, out of a small set of words: a
// server behind may answer with any text.
func (c *Call) Result() string {
	switch {
	case c.Outcome == exchange.Left, c.Outcome == exchange.Cut, runtimespec.Reason(c.Outcome).Known():
		return c.Outcome
	case c.Outcome == "" && c.Status < 400:
		return exchange.OK
	}
	return exchange.Error
}

// end ends a request: it ends the span, counts the request and, if enabled,
// logs it.
func (c *Call) end() {
	if !c.IsWork() {
		return
	}
	c.endSpan()
	if c.endpoint.Answered != nil {
		c.endpoint.Answered(c)
	}
	if c.endpoint.AccessLog == nil || !c.endpoint.AccessLog() {
		return
	}
	c.endpoint.Log.Info("answered", zap.String("request", c.URL.Path[1:]), zap.String("tenant", c.Tenant), zap.String("function", c.shortFunction()),
		zap.String("activation", c.HeaderValue(runtimespec.HeaderActivation)), zap.String("server", c.Server), zap.Int("tries", c.Tries),
		zap.Int("status", c.Status), zap.String("outcome", c.Result()),
		zap.Duration("took", time.Since(c.Began)), zap.Duration("at_server", c.AtServer), zap.Duration("queued", c.Queued), c.TraceID())
}
