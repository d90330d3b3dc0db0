package loadbalancer

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/backend"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// ServerStatus is one server in the answer of GET /servers.
type ServerStatus struct {
	Server    string `json:"server"`           // its name, by which it is drained: its URL unless it has another
	Tunnel    bool   `json:"tunnel,omitempty"` // it is reached over a connection that it has made
	ID        string `json:"id"`               // incarnation; empty: it has not been identified
	State     string `json:"state"`            // unidentified, recovering, healthy, ejected, probing, draining
	Problem   string `json:"problem,omitempty"`
	Sent      int    `json:"sent"` // runs that this balancer has in flight there
	InFlight  int    `json:"in_flight"`
	Slots     int    `json:"slots"`
	Queued    int    `json:"queued"`
	Functions int    `json:"functions"`  // of all tenants
	Cold      int    `json:"cold"`       // of them, those without a process there
	Moving    int    `json:"moving"`     // of them, those that still have their runs here until they are ready elsewhere: it was drained
	CheckedMS int64  `json:"checked_ms"` // since it last answered a check; -1: never
}

// showServers lists the servers to a token that may delegate, or to any where there
// is one tenant only.
func (b *Balancer) showServers(c *call) error {
	if !c.Grant.Delegate && b.settings().Tokens.Several() {
		return refusal.New(runtimespec.Forbidden, "servers are shown to tokens that may delegate")
	}
	body, err := json.Marshal(map[string]any{"policy": b.settings().Policy, "servers": b.servers()})
	if err != nil {
		return err
	}
	c.Answer(http.StatusOK, body)
	return nil
}

func (b *Balancer) servers() []ServerStatus {
	now, all := time.Now(), []ServerStatus{}
	for _, v := range b.state.View(now) {
		one := ServerStatus{
			Server: v.Name, Tunnel: v.Tunnel, ID: v.Incarnation, State: v.Health.String(), Problem: v.Problem, Sent: v.Sent, InFlight: v.Reported.InFlight,
			Slots: v.Reported.Slots, Queued: v.Reported.Queued, Functions: v.Functions, Cold: v.Cold, Moving: v.Moving, CheckedMS: -1,
		}
		if !v.Checked.IsZero() {
			one.CheckedMS = now.Sub(v.Checked).Milliseconds()
		}
		all = append(all, one)
	}
	return all
}

// pathServer is one server, by a name that [backend.Fleet.Lookup] knows, escaped.
const pathServer = pathServers + "/:server"

// setDrained takes a server out of work, or lets it in again, and answers with
// what has become of it. Drained it stays whatever it says of itself, also when
// it is started again or leaves the list and comes back, for as long as this
// balancer lives. One that is returned gets runs when a check finds it ready.
func (b *Balancer) setDrained(c *call, drain bool) error {
	if err := b.mayOperate(c); err != nil {
		return err
	}
	name, err := url.PathUnescape(c.Param("server"))
	if err != nil {
		return refusal.New(runtimespec.BadRequest, "the server's name in the path: %v", err)
	}
	s, err := b.backends.Lookup(name)
	if err != nil {
		return notMeant(name, err)
	}
	set := b.state.Return
	if drain {
		set = func(s *state.Server) ([]state.Effect, error) { return b.state.Drain(s, time.Now()) }
	}
	fx, err := set(s)
	if err != nil {
		return notMeant(s.Name, err)
	}
	b.carryOut(fx)
	b.log.Info("server was drained or returned by request", zap.String("server", s.Name), zap.Bool("drained", drain), zap.String("tenant", c.Tenant))
	return b.showServer(c, s)
}

// notMeant is for a name by which no server can be drained or returned.
func notMeant(name string, err error) *refusal.Refusal {
	switch {
	case errors.Is(err, backend.ErrSeveral):
		return refusal.New(runtimespec.BadRequest, "%q is more than one server: name it by its URL", name)
	case errors.Is(err, state.ErrEnding):
		late := refusal.New(runtimespec.BadRequest, "%s: %v", name, err)
		late.Status = http.StatusConflict
		return late
	}
	missing := refusal.New(runtimespec.BadRequest, "there is no server %q: GET %s lists them", name, pathServers)
	missing.Status = http.StatusNotFound
	return missing
}

// mayOperate is whether a caller may say what servers do: by a token that may
// delegate, or from this host where there are no tokens. There, a header that
// browsers send shows a stranger's page.
func (b *Balancer) mayOperate(c *call) error {
	switch {
	case len(b.settings().Tokens) > 0 && !c.Grant.Delegate:
		return refusal.New(runtimespec.Forbidden, "servers are drained and returned by tokens that may delegate")
	case c.FromBrowser():
		return refusal.New(runtimespec.Forbidden, "servers are not drained and returned by browsers")
	}
	return nil
}

// showServer answers with one server's status.
func (b *Balancer) showServer(c *call, s *state.Server) error {
	for _, status := range b.servers() {
		if status.Server == s.Name {
			body, err := json.Marshal(status)
			if err == nil {
				c.Answer(http.StatusOK, body)
			}
			return err
		}
	}
	return refusal.New(runtimespec.BadRequest, "%s has just left the list of servers", s.Name)
}
