package loadbalancer

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/internal/refusal"
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
	Moving    int    `json:"moving"`     // of them, those whose runs it gets until they are ready elsewhere: it was drained here
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
