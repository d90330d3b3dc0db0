package loadbalancer

import (
	"errors"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/dispatch"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/exchange"
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
	k, lease, limit, err := c.order(runtimespec.MaxTimeout)
	if err != nil {
		return err
	}
	if err := b.admission.enter(c.Tenant); err != nil {
		return b.countSaturated(err)
	}
	defer b.admission.leave(c.Tenant)
	in, err := b.read(c, runBody, b.settings().MaxRunBody, min(limit, b.settings().QueueWait))
	if err != nil {
		return err
	}
	r := &activation{body: in}
	r.Run = dispatch.Run{
		Run:      state.Run{Key: k, Activation: c.Header.Get(runtimespec.HeaderActivation)},
		Exchange: &c.Exchange, To: c, Lease: lease, Accept: c.Header.Get("Accept"), Asked: c.Header.Get(runtimespec.HeaderServer),
		Bytes: in.bytes, Body: &r.body,
	}
	if c.Header[runtimespec.HeaderTimeout] != nil {
		r.Deadline = c.began.Add(limit)
	}
	err = b.runs.Execute(&r.Run, limit)
	if errors.Is(err, exchange.ErrCut) {
		cutOff(c)
	}
	return err
}
