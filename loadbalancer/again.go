package loadbalancer

import (
	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// route remembers where the incarnation is reached that an answer names.
func (b *Balancer) route(resp *hop.Response, s *backend) {
	id := resp.Head.Get(runtimespec.HeaderServer)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.routes[id] == s {
		return
	}
	if len(b.routes) >= maxRoutes {
		b.forgetRoutes()
	}
	b.routes[id] = s
}

// maxRoutes bounds the incarnations that are remembered: behind a server that is
// a balancer there may be many, and a hostile one may make them up.
const maxRoutes = 4096

// forgetRoutes leaves those that checks have seen; the caller holds mu.
func (b *Balancer) forgetRoutes() {
	clear(b.routes)
	for _, s := range b.backends {
		if s.id != "" {
			b.routes[s.id] = s
		}
	}
}

// ask passes on a run that was sent before and is asked for again: to the server
// that it names, or to nobody. Whatever happens on the way, it can be asked for
// once more.
func (r *flight) ask(k key, want string) error {
	s, err := r.b.named(want)
	if err != nil {
		return err
	}
	r.f = &function{key: k, header: hop.Header{
		{Name: runtimespec.HeaderFunction, Value: k.identity.String()},
		{Name: runtimespec.HeaderLease, Value: r.b.lease},
		{Name: "Content-Type", Value: "application/json"},
		{Name: runtimespec.HeaderServer, Value: want},
	}}
	if r.b.settings().token != "" {
		r.f.header = append(r.f.header, hop.Field{Name: runtimespec.HeaderTenant, Value: k.tenant})
	}
	return r.passTo(s, refusal(runtimespec.Saturated, "the server that has the run cannot be asked now"))
}

// join is a run whose id is that of one in flight. When that is over, the server
// that had it tells what it came to; if none has, this is the first. The server
// wants the body again, and so it is kept meanwhile.
func (r *flight) join(first *flight) error {
	select {
	case <-first.over:
	case <-r.ctx.Done():
		return r.ended(runtimespec.TimedOut, "the time was over before the same activation, sent before, had ended")
	}
	if first.ran != nil {
		return r.passTo(first.ran, lost("the same activation was sent before to a server that does not tell what became of it; it may have run"))
	}
	return refusal(runtimespec.Saturated, "the same activation, sent before, was not started")
}

// passTo sends a run to the one server that may have it, or fails. It is never
// said to be not started: it was sent before.
func (r *flight) passTo(s *backend, failed error) error {
	r.c.Server = s.name
	r.c.Tries++
	r.request = hop.Request{Path: runtimespec.PathRun, Header: r.header(), Body: r.body.bytes}
	resp, err := s.pool.Send(r.ctx, &r.request)
	if err != nil {
		if r.c.Context().Err() != nil {
			return endpoint.ErrLeft
		}
		s.look()
		return failed
	}
	named := r.c.HeaderValue(runtimespec.HeaderServer) != "" // then no answer permits to start it
	if reason, ours := judged(resp); !ours || !named && reason.NotStarted() {
		_ = resp.Close()
		return failed
	}
	resp.WhenWritten(r.dropBody)
	if relay(r.ctx, r.c, resp); !r.c.Whole {
		cutOff(r.c)
	}
	return nil
}

// named finds the server that a request is meant for.
func (b *Balancer) named(want string) (*backend, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.routes[want]; s != nil {
		return s, nil
	}
	if want == b.id {
		return nil, refusal(runtimespec.UnknownActivation, "the balancer executes nothing itself")
	}
	for _, s := range b.backends {
		if s.id == "" { // it may be the one
			return nil, refusal(runtimespec.Saturated, "the balancer has not heard of all its servers yet")
		}
	}
	return nil, refusal(runtimespec.WrongServer, "the balancer has no such server, or it was restarted")
}
