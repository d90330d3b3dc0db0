package loadbalancer

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// ServerStatus is one server in the answer of GET /servers.
type ServerStatus struct {
	Server    string `json:"server"`           // its name, by which it is drained: its URL unless it has another
	Tunnel    bool   `json:"tunnel,omitempty"` // it is reached over a connection that it has made
	ID        string `json:"id"`               // incarnation; empty: never met
	State     string `json:"state"`            // unmet, recovering, healthy, ejected, probing, draining
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

// showServers lists the servers to whom they concern: a token that may delegate,
// or any where there is one tenant only.
func (b *Balancer) showServers(c *call) error {
	if !c.grant.Delegate && b.settings().several() {
		return refusal(runtimespec.Forbidden, "servers are shown to tokens that may delegate")
	}
	body, err := json.Marshal(map[string]any{"policy": b.settings().Policy, "servers": b.servers()})
	if err != nil {
		return err
	}
	b.answer(c, http.StatusOK, body)
	return nil
}

func (b *Balancer) servers() []ServerStatus {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	have, cold, moving := map[*policy.Server]int{}, map[*policy.Server]int{}, map[*backend]int{}
	for _, f := range b.functions {
		if f.moves(now) {
			moving[f.moving.from]++
		}
		for _, c := range f.sched.Copies() {
			have[c.Server()]++
			if c.Cold() {
				cold[c.Server()]++
			}
		}
	}
	out := []ServerStatus{}
	for _, sched := range b.fleet.Servers() {
		s := b.backends[sched]
		load, _ := sched.Reported()
		one := ServerStatus{
			Server: s.name, Tunnel: s.server.Tunnel, ID: s.id, State: sched.Health().String(), Problem: s.problem, Sent: sched.InFlight(),
			InFlight: load.InFlight, Slots: load.Slots, Queued: load.Queued, Functions: have[sched], Cold: cold[sched], Moving: moving[s], CheckedMS: -1,
		}
		if one.Problem == "" && b.drained[s.name] {
			one.Problem = drained
		} else if one.Problem == "" && b.parked(s.name) {
			one.Problem = leaving
		}
		if !s.checked.IsZero() {
			one.CheckedMS = now.Sub(s.checked).Milliseconds()
		}
		out = append(out, one)
	}
	return out
}
