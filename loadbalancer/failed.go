package loadbalancer

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// failures is the log of inits and runs that failed for a reason of the balancer's
// or a server's making: a line for each, but for so many at once that nobody
// reads them. What was left out is counted in the next line.
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

// noteFailure logs an init or run that failed, if that is nobody else's fault.
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
