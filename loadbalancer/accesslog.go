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
	b.metrics.requests.WithLabelValues(path[1:], c.result()).Inc()
	if path == runtimespec.PathRun && c.spent > 0 {
		b.metrics.overhead.Observe((time.Since(c.began) - c.spent - c.waited).Seconds())
	}
	if path != runtimespec.PathStop {
		b.metrics.tenants.count(c.tenant, path[1:], c.result())
		b.noteFailure(c)
	}
	if !b.settings().AccessLog {
		return
	}
	function := c.Header.Get(runtimespec.HeaderFunction)
	b.log.Info("answered", zap.String("request", path[1:]), zap.String("tenant", c.tenant), zap.String("function", function[:min(12, len(function))]),
		zap.String("activation", c.Header.Get(runtimespec.HeaderActivation)), zap.String("server", c.server), zap.Int("tries", c.tries),
		zap.Int("status", c.status), zap.String("outcome", c.result()), zap.Duration("took", time.Since(c.began)), zap.Duration("at_server", c.spent), zap.Duration("queued", c.waited), c.traceID())
}
