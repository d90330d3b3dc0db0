package loadbalancer

import (
	"github.com/whiskaway/whiskaway/loadbalancer/internal/dispatch"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// activation is a run with its body.
type activation struct {
	dispatch.Run
	body body
}

// run has one activation executed. Its body passes through as it came.
func (b *Balancer) run(c *call) error {
	o, err := c.Order(runtimespec.MaxTimeout)
	if err != nil {
		return err
	}
	if err := b.admission.enter(c.Tenant); err != nil {
		return b.countSaturated(err)
	}
	defer b.admission.leave(c.Tenant)
	in, err := b.read(c, runBody, b.settings().MaxRunBody, min(o.Limit, b.settings().QueueWait))
	if err != nil {
		return err
	}
	r := &activation{body: in}
	r.Run = dispatch.Run{
		Run:      state.Run{Key: keyOf(o), Activation: o.Activation},
		Exchange: &c.Exchange, To: caller{c}, Lease: o.Lease, Accept: c.HeaderValue("Accept"), Asked: o.Server,
		Bytes: in.bytes, Body: &r.body,
	}
	if o.Said > 0 {
		r.Deadline = c.Began.Add(o.Said)
	}
	return b.runs.Execute(&r.Run, o.Limit)
}
