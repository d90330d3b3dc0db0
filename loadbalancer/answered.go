package loadbalancer

import (
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// call is one authenticated request, and what is noted of it for the log.
type call = endpoint.Call

// failures is the log of inits and runs that failed for a reason of the balancer's or
// a server's making: a line for each, but not for so many at once that they could not be read.
// What was left out is counted in the next line.
type failures struct {
	mu      sync.Mutex // guards what follows
	left    float64    // lines that may follow at once
	last    time.Time
	skipped int
}

const (
	failuresAtOnce = 50
	failuresPerSec = 5
)

// admit reports whether a line is written now, and how many were not before it.
func (f *failures) admit(now time.Time) (write bool, skipped int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last.IsZero() {
		f.left = failuresAtOnce
	} else {
		f.left = min(failuresAtOnce, f.left+now.Sub(f.last).Seconds()*failuresPerSec)
	}
	f.last = now
	if f.left < 1 {
		f.skipped++
		return false, 0
	}
	f.left--
	skipped, f.skipped = f.skipped, 0
	return true, skipped
}

// ourFault reports whether an outcome is the balancer's or a server's making.
func ourFault(outcome string) bool {
	switch runtimespec.Reason(outcome) {
	case runtimespec.Internal, runtimespec.StartFailed, runtimespec.Saturated, runtimespec.TableFull, runtimespec.Expired,
		runtimespec.WrongServer, runtimespec.ResultGone, exchange.Cut, exchange.Error:
		return true
	}
	return false
}

// answered counts an init, a run or a stop that was answered.
func (b *Balancer) answered(c *call) {
	overhead := time.Duration(0)
	if c.URL.Path == runtimespec.PathRun && c.AtServer > 0 {
		overhead = time.Since(c.Began) - c.AtServer - c.Queued
	}
	b.metrics.Answered(c.URL.Path[1:], c.Tenant, c.Result(), overhead)
	if c.URL.Path != runtimespec.PathStop {
		b.noteFailure(c)
	}
}

// showMetrics answers with the balancer's numbers, to callers that servers are shown
// to.
func (b *Balancer) showMetrics(c *call) error {
	if !c.Grant.Delegate && b.settings().Tokens.Several() {
		return refusal.New(runtimespec.Forbidden, "metrics are shown to tokens that may delegate")
	}
	promhttp.HandlerFor(b.metrics.Registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP(c.W, c.Request)
	return nil
}

// noteFailure logs an init or run that failed, if that is no caller's fault.
func (b *Balancer) noteFailure(c *call) {
	outcome := c.Result()
	if !ourFault(outcome) {
		return
	}
	write, skipped := b.failures.admit(time.Now())
	if !write {
		return
	}
	cause := zap.Skip()
	if c.Failed != nil {
		cause = zap.NamedError("cause", c.Failed)
	} else if c.Server != "" {
		cause = zap.String("cause", "the server's log has it")
	}
	function := c.HeaderValue(runtimespec.HeaderFunction)
	fields := []zap.Field{
		zap.String("function", function[:min(12, len(function))]), zap.String("activation", c.HeaderValue(runtimespec.HeaderActivation)),
		zap.String("tenant", c.Tenant), zap.String("server", c.Server), zap.Int("tries", c.Tries), zap.String("outcome", outcome), cause, c.TraceID(),
	}
	if skipped > 0 {
		fields = append(fields, zap.Int("not_logged_before", skipped))
	}
	b.log.Warn(c.URL.Path[1:]+" failed", fields...)
}

// countSaturated returns err, and counts a request that found no room.
func (b *Balancer) countSaturated(err error) error {
	var r *refusal.Refusal
	if errors.As(err, &r) && r.Reason == runtimespec.Saturated {
		b.saturated.Add(1)
	}
	return err
}
