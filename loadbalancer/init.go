package loadbalancer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/internal/codestore"
	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// init makes a function known, and ready at one server at least. It is
// idempotent.
func (b *Balancer) init(c *call) error {
	o, err := c.Order(b.settings().InitTimeout)
	if err != nil {
		return err
	}
	if err := b.admission.enter(c.Tenant); err != nil {
		return b.counted(err)
	}
	defer b.admission.leave(c.Tenant)
	if o.Server != "" && o.Server != b.id { // where functions are is the balancer's to say
		return refusal(runtimespec.WrongServer, "an init goes to the balancer, which places the function")
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
func (b *Balancer) makeReady(ctx context.Context, o *reply, f *function) error {
	a, logs, err := b.place(ctx, o, f)
	switch {
	case o.c.Context().Err() != nil:
		return endpoint.ErrLeft
	case errors.Is(err, context.DeadlineExceeded):
		return refusal(runtimespec.TimedOut, "the function was not ready in time; its init goes on")
	case err != nil:
		return b.counted(err)
	case a.reason == runtimespec.Saturated:
		b.noRoom.Add(1)
	}
	o.end(ctx, a, logs)
	return nil
}

// receive reads an init's body, keeps what it takes to repeat it, and checks
// that caller and balancer mean the same function.
func (b *Balancer) receive(c *call, o endpoint.Order) (*function, error) {
	kind, container, err := c.Container()
	if err != nil {
		return nil, err
	}
	in, err := b.read(c, initBody, b.settings().MaxInitBody, min(o.Limit, b.settings().QueueWait))
	if err != nil {
		return nil, err
	}
	defer in.release()
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
	name := spec.Env["__OW_ACTION_NAME"]
	if name == "" {
		name = init.Name
	}
	recipe := newRecipe(in.bytes, init, code, kind, c.HeaderValue(runtimespec.HeaderEnv), name)
	recipe.limit = limitOf(kind, spec.Env)
	return b.remember(key{o.Tenant, o.Function}, o.Lease, recipe)
}

// keepCode stores the code that came, or finds what an earlier init brought.
func (b *Balancer) keepCode(c *call, init *runtimespec.InitBody) (digest runtimespec.Digest, err error) {
	if digest, err = c.CodeOf(init, b.store.Has); err != nil || !init.HasCode {
		return digest, err
	}
	if err := b.noteCode(int64(len(init.Code)), b.store.Put(c.Tenant, digest, init.Code)); codestore.Full(err) {
		return digest, b.errDiskFull(err)
	} else if err != nil {
		return digest, fmt.Errorf("keeping its code: %w", err)
	}
	return digest, nil
}

// remember enters the function and its lease.
func (b *Balancer) remember(k key, lease string, r *recipe) (*function, error) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if f := b.loading[k]; f != nil { // nobody needed it for a moment
		delete(b.loading, k)
		b.functions[k] = f
	}
	f, err := b.known(k, now)
	if err != nil {
		return nil, err
	}
	if f.recipe == nil || !f.recipe.whole {
		f.recipe, f.name = r, r.name
		f.sched.Limit(r.limit)
	}
	b.use(f, lease, now)
	return f, nil
}
