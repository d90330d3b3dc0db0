package loadbalancer

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/internal/token"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// held is a function that a server has.
type held struct{ Function, Tenant, Name, State string }

const (
	listTime = 5 * time.Second
	maxList  = 64 << 20
)

// list asks a server what it has. That shows as well whether it takes the
// balancer's token, and lets it act for tenants.
func (b *Balancer) list(ctx context.Context, s *backend) (all []held, trouble string) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	if b.settings().token != "" {
		status, _, err := ask(ctx, s, b.id, token.DefaultTenant)
		switch {
		case err != nil:
			return nil, "it does not say what it has: " + err.Error()
		case status == http.StatusForbidden:
			return nil, `the balancer's token may not act for tenants there: mark it "delegate" in the server's token file`
		}
	}
	status, text, err := ask(ctx, s, b.id, "")
	var said struct{ Functions []held }
	switch {
	case err != nil:
		return nil, "it does not say what it has: " + err.Error()
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return nil, "it does not take the balancer's token: set --servers-token-file"
	case status != http.StatusOK || json.Unmarshal(text, &said) != nil:
		return nil, "it does not say what it has: " + http.StatusText(status)
	}
	return said.Functions, ""
}

// ask asks a server for its functions: of a tenant, or of all.
func ask(ctx context.Context, s *backend, hops, tenant string) (status int, text []byte, err error) {
	header := hop.Header{{Name: runtimespec.HeaderHops, Value: hops}}
	if tenant != "" {
		header = append(header, hop.Field{Name: runtimespec.HeaderTenant, Value: tenant})
	}
	resp, err := s.probe.Send(ctx, &hop.Request{Get: true, Path: runtimespec.PathFunctions, Header: header})
	if err != nil {
		return 0, nil, err
	}
	defer resp.Close()
	text, err = io.ReadAll(io.LimitReader(resp, maxList))
	return resp.Status, text, err
}

// adopt takes in what another process than before has: nothing that the one
// before had, but what it says.
func (b *Balancer) adopt(s *backend, id string, all []held) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.backends[s.sched] != s {
		return
	}
	if s.id != "" {
		for _, f := range b.functions {
			if f.sched.On(s.sched) == policy.Ready {
				b.fleet.Absent(f.sched, s.sched, now)
			}
		}
		delete(b.routes, s.id)
		if !b.parked(s.name) {
			b.fleet.Return(s.sched, now)
		}
	}
	s.id, b.routes[id] = id, s
	found := 0
	for _, h := range all {
		identity, err := runtimespec.ParseDigest(h.Function)
		if err != nil || h.State == "draining" || len(h.Tenant) > runtimespec.MaxActivation {
			continue
		}
		f, err := b.known(key{h.Tenant, identity}, now)
		if err != nil {
			break
		}
		if f.name == "" {
			f.name = h.Name
		}
		if f.sched.On(s.sched) == policy.Absent {
			b.fleet.Ready(f.sched, s.sched, now)
			found++
		}
	}
	b.log.Info("server is there", zap.String("server", s.name), zap.String("incarnation", id), zap.Int("functions", found))
}
