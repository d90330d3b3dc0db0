package clientmode

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/clientmode/internal/openserverless"
	"github.com/whiskaway/whiskaway/clientmode/internal/spool"
	"github.com/whiskaway/whiskaway/internal/singleflight"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// twoStepsFrom is the size from which an init is first sent without its code, in
// bytes. Smaller code costs less than the extra request.
const twoStepsFrom = 8 << 10

// function is what the container was initialised with: all that a server needs.
type function struct {
	upstream sender
	server   string          // the upstream's name for authors
	name     string          // of the action, for displays
	header   upstream.Header // of an init
	short    []byte          // the init without its code; nil: always sent whole
	whole    *spool.Body     // the init
	run      upstream.Header // of a run and a stop

	reinit singleflight.Flight[outcome]
}

// newFunction returns the function that body initialises.
func (c *Client) newFunction(body []byte, init *runtimespec.InitBody, to sender, server string) (*function, error) {
	container := c.cfg.containerEnv()
	env, err := runtimespec.EncodeEnv(container)
	if err != nil {
		return nil, err
	}
	code := init.Digest()
	spec := init.Function(c.cfg.Kind, code, container, c.cfg.VolatileEnv)
	f := &function{upstream: to, server: server, name: cmp.Or(spec.Env["__OW_ACTION_NAME"], init.Name)}
	f.run = upstream.Header{
		{Name: runtimespec.HeaderFunction, Value: spec.Identity().String()},
		{Name: runtimespec.HeaderLease, Value: c.lease},
		{Name: "Accept", Value: runtimespec.MediaFrames},
		{Name: "Content-Type", Value: "application/json"},
	}
	f.header = f.run.With(upstream.Field{Name: runtimespec.HeaderCode, Value: code.String()}, upstream.Field{Name: runtimespec.HeaderEnv, Value: env})
	if c.cfg.Kind != "" {
		f.header = append(f.header, upstream.Field{Name: runtimespec.HeaderKind, Value: c.cfg.Kind})
	}
	if c.cfg.Dialect == DialectOpenServerless { // the code is always sent
		adapter, parts, err := openserverless.New(to, init, openserverless.Options{Container: container, ID: c.lease, Name: server, MaxResult: c.cfg.MaxResult})
		if err != nil {
			return nil, err
		}
		f.upstream, f.whole = adapter, spool.New(parts...)
		return f, nil
	}
	if len(body) >= twoStepsFrom {
		f.short = init.WithoutCode()
	}
	f.whole = spool.New(body)
	return f, nil
}

// requests returns the requests of an init, in the order to try them.
func (f *function) requests() []*upstream.Request {
	whole := &upstream.Request{Path: runtimespec.PathInit, Header: f.header}
	f.whole.AttachTo(whole)
	if f.short == nil {
		return []*upstream.Request{whole}
	}
	return []*upstream.Request{{Path: runtimespec.PathInit, Header: f.header, Body: f.short}, whole}
}

// release tells the server that this container no longer needs the function. A
// lease that is not released expires.
func (f *function) release(ctx context.Context) error {
	defer f.drop()
	// This happens even if ctx is over: it matters most for runs that outlast
	// the drain.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	resp, err := f.upstream.Send(ctx, &upstream.Request{Path: runtimespec.PathStop, Header: f.run})
	if err != nil {
		return fmt.Errorf("giving up the lease: %w", err)
	}
	defer resp.Close()
	if resp.Status != http.StatusOK {
		return fmt.Errorf("giving up the lease: the server answered %s", statusText(resp.Status))
	}
	return nil
}

// traced returns a copy of h with a trace context, and room for what an exchange
// adds. The client records no spans: it passes the platform's context on.
func traced(h upstream.Header, t runtimespec.Trace) upstream.Header {
	h = h.With()
	if t.Parent != "" {
		h = append(h, upstream.Field{Name: runtimespec.HeaderTrace, Value: t.Parent})
	}
	if t.State != "" {
		h = append(h, upstream.Field{Name: runtimespec.HeaderTraceState, Value: t.State})
	}
	return h
}

// drop closes the idle connections and the kept init.
func (f *function) drop() {
	f.upstream.CloseIdle()
	f.whole.Drop()
}
