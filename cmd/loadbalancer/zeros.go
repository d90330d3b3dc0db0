package main

import (
	"fmt"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// Validate refuses what the balancer would take for its default: 0 where a number
// or a time has to be above it. The parser calls it.
func (f flags) Validate() error {
	h := f.Hosts
	for _, setting := range []struct {
		name  string
		value int64
	}{
		{"lease", int64(f.Lease)}, {"max-init", int64(f.MaxInit)}, {"in-flight", int64(f.InFlight)},
		{"queue-wait", int64(f.QueueWait)}, {"max-run-body", f.MaxRunBody}, {"max-init-body", f.MaxInitBody},
		{"body-memory", f.BodyMemory}, {"functions", int64(f.Functions)}, {"code-cache", f.CodeCache},
		{"check-every", int64(f.CheckEvery)}, {"check-timeout", int64(f.CheckTimeout)},
		{"hosts-busy", int64(h.Busy)}, {"hosts-up-after", int64(h.UpAfter)}, {"hosts-down-after", int64(h.DownAfter)},
		{"hosts-cool-down", int64(h.CoolDown)}, {"hosts-drain-for", int64(h.DrainFor)}, {"hosts-timeout", int64(h.Timeout)},
		{"hosts-every", int64(h.Every)},
	} {
		if setting.value == 0 {
			return fmt.Errorf("%w: --%s must be above 0", daemon.ErrConfig, setting.name)
		}
	}
	return nil
}
