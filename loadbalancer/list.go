package loadbalancer

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/internal/token"
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
func (b *Balancer) list(ctx context.Context, s *backend) (all []held, problem string) {
	if b.settings().token != "" {
		ctx, cancel := context.WithTimeout(ctx, listTime)
		defer cancel()
		status, _, err := ask(ctx, s, pathBrief, b.id, token.DefaultTenant)
		switch {
		case err != nil:
			return nil, "it does not say what it has: " + err.Error()
		case status == http.StatusForbidden:
			return nil, `the balancer's token may not act for tenants there: mark it "delegate" in the server's token file`
		}
	}
	return b.holds(ctx, s)
}

// holds is what a server says it has of all tenants.
func (b *Balancer) holds(ctx context.Context, s *backend) (all []held, problem string) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	status, text, err := ask(ctx, s, pathBrief, b.id, "")
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

// pathBrief is the list of functions with what is quickly found out.
const pathBrief = runtimespec.PathFunctions + "?brief=true"

// ask asks a server for its functions: of a tenant, or of all.
func ask(ctx context.Context, s *backend, path, hops, tenant string) (status int, text []byte, err error) {
	header := hop.Header{{Name: runtimespec.HeaderHops, Value: hops}}
	if tenant != "" {
		header = append(header, hop.Field{Name: runtimespec.HeaderTenant, Value: tenant})
	}
	resp, err := s.probe.Send(ctx, &hop.Request{Get: true, Path: path, Header: header})
	if err != nil {
		return 0, nil, err
	}
	defer resp.Close()
	text, err = io.ReadAll(io.LimitReader(resp, maxList))
	return resp.Status, text, err
}
