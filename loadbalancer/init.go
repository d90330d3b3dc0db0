package loadbalancer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/admission"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/initload"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/statedir"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// init makes a function known, and ready at one server at least. It is idempotent.
func (b *Balancer) init(c *call) error {
	o, err := c.Order(b.settings().InitTimeout)
	if err != nil {
		return err
	}
	if err := b.requests.Enter(c.Tenant); err != nil {
		return b.countSaturated(err)
	}
	defer b.requests.Leave(c.Tenant)
	if o.Server != "" && o.Server != b.id { // where functions are is the balancer's to say
		return refusal.New(runtimespec.WrongServer, "an init goes to the balancer, which places the function")
	}
	f, err := b.receive(c, o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context(), o.Limit)
	defer cancel()
	answer := &reply{b: b, c: c}
	return answer.failed(ctx, b.makeReady(ctx, answer, f))
}

// makeReady has the function made ready, and the caller told what it came to.
func (b *Balancer) makeReady(ctx context.Context, o *reply, f *state.Function) error {
	placing := initload.Placing{Loader: b.loader, Exchange: &o.c.Exchange, Function: f, Follower: o}
	a, log, err := placing.Place(ctx)
	switch {
	case o.c.Context().Err() != nil:
		return exchange.ErrLeft
	case errors.Is(err, context.DeadlineExceeded):
		return refusal.New(runtimespec.TimedOut, "the function was not ready in time; its init goes on")
	case err != nil:
		return b.countSaturated(err)
	case a.Reason == runtimespec.Saturated:
		b.saturated.Add(1)
	}
	o.end(ctx, a, log)
	return nil
}

// receive reads an init's body, keeps what it takes to repeat it, and checks that
// caller and balancer mean the same function.
func (b *Balancer) receive(c *call, o endpoint.Order) (*state.Function, error) {
	kind, container, err := c.Container()
	if err != nil {
		return nil, err
	}
	in, err := b.read(c, admission.InitBody, b.settings().MaxInitBody, min(o.Limit, b.settings().QueueWait))
	if err != nil {
		return nil, err
	}
	defer in.Release()
	init, err := runtimespec.ParseInit(in.bytes)
	if err != nil {
		return nil, err
	}
	code, err := b.keepCode(c, init)
	if err != nil {
		return nil, err
	}
	spec := init.Function(kind, code, container, b.cfg.VolatileEnv)
	if err := c.CheckFunction(spec, o); err != nil {
		return nil, err
	}
	r := &state.Recipe{Kind: kind, Env: c.HeaderValue(runtimespec.HeaderEnv), Code: code, Action: spec.Env["__OW_ACTION_NAME"], Limit: limitOf(kind, spec.Env)}
	if r.Action == "" {
		r.Action = init.Name
	}
	if r.Whole = init.HasCode && len(in.bytes) < twoStepsFrom; r.Whole {
		r.Body = append([]byte{}, in.bytes...)
	} else {
		r.Body = init.WithoutCode()
	}
	return b.state.InitArrived(keyOf(o), o.Lease, r, time.Now())
}

// twoStepsFrom is the size from which an init is tried without its code first. Below
// it, the code is smaller than what asking costs.
const twoStepsFrom = 8 << 10

// limitOf is how many runs at once a server gives a function whose author has limited
// its processes: then that is what there is to wait for.
func limitOf(kind string, env map[string]string) int {
	if shared, _ := strconv.ParseBool(env["__OW_ALLOW_CONCURRENT"]); shared {
		return 0
	}
	if n, err := strconv.Atoi(env["WHISKAWAY_MAX_INSTANCES"]); err == nil && n > 0 {
		return n
	}
	if gpu, _ := strconv.ParseBool(env["WHISKAWAY_GPU"]); gpu || strings.HasSuffix(kind, "-gpu") {
		return 1
	}
	return 0
}

// keepCode stores the code that came, or finds what an earlier init brought.
func (b *Balancer) keepCode(c *call, init *runtimespec.InitBody) (digest runtimespec.Digest, err error) {
	if digest, err = c.CodeOf(init, b.dir.Code.Has); err != nil || !init.HasCode {
		return digest, err
	}
	if err := b.dir.Keep(c.Tenant, digest, init.Code, b.settings().MaxInitBody); codestore.Full(err) { // nothing but room helps
		return digest, refusal.New(runtimespec.Internal, "the balancer cannot keep the function's code: %s", statedir.Full).Because(err)
	} else if err != nil {
		return digest, fmt.Errorf("keeping its code: %w", err)
	}
	return digest, nil
}
