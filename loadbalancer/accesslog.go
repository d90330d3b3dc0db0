package loadbalancer

import (
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// isWork reports whether a request is of the kind that is counted and logged.
func (c *call) isWork() bool {
	switch c.URL.Path {
	case runtimespec.PathInit, runtimespec.PathRun, runtimespec.PathStop:
		return true
	}
	return false
}

// note counts a request that was answered, and logs it if that is wanted.
func (b *Balancer) note(c *call) {
	path := c.URL.Path
	if !c.isWork() {
		return
	}
	c.end()
	b.metrics.requests.WithLabelValues(path[1:], c.Result()).Inc()
	if path == runtimespec.PathRun && c.AtServer > 0 {
		b.metrics.overhead.Observe((time.Since(c.began) - c.AtServer - c.Queued).Seconds())
	}
	if path != runtimespec.PathStop {
		b.metrics.tenants.count(c.Tenant, path[1:], c.Result())
		b.noteFailure(c)
	}
	if !b.settings().AccessLog {
		return
	}
	function := c.Header.Get(runtimespec.HeaderFunction)
	b.log.Info("answered", zap.String("request", path[1:]), zap.String("tenant", c.Tenant), zap.String("function", function[:min(12, len(function))]),
		zap.String("activation", c.Header.Get(runtimespec.HeaderActivation)), zap.String("server", c.Server), zap.Int("tries", c.Tries),
		zap.Int("status", c.status), zap.String("outcome", c.Result()), zap.Duration("took", time.Since(c.began)), zap.Duration("at_server", c.AtServer), zap.Duration("queued", c.Queued), c.traceID())
}
