package loadbalancer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// watch checks a server until it is no member any more. One that fails is looked
// at again sooner, until it is clear that it does.
func (b *Balancer) watch(ctx context.Context, s *backend) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	looked := sync.OnceFunc(func() { close(s.looked) })
	for failed := 0; ; {
		select {
		case <-timer.C:
		case <-s.kick:
		case <-ctx.Done():
			s.pool.CloseIdle()
			s.probe.CloseIdle()
			return
		}
		pause := b.settings().CheckEvery
		if b.check(ctx, s) {
			failed = 0
		} else if failed++; failed < 5 {
			pause /= 5
		}
		looked()
		timer.Reset(pause)
	}
}

// readiness is the answer of a readiness probe, and what its head says.
type readiness struct {
	Ready   bool
	Reason  string
	Kinds   string // joined by commas
	Changes int    // number of the last change of what it holds; 0: it does not say
	id      string
	load    runtimespec.Load
	loaded  bool
}

// check asks a server whether it is well. The answer also says which process
// answers, and how busy it is: servers that get no runs are known by that.
func (b *Balancer) check(ctx context.Context, s *backend) (well bool) {
	found, err := b.probe(ctx, s)
	if ctx.Err() != nil {
		return false
	}
	now := time.Now()
	if err != nil {
		b.mu.Lock()
		b.notice(s, err.Error())
		if s.server.Tunnel && !b.hub.Has(s.server.Incarnation) {
			b.fleet.Drain(s.sched, now) // until it has made one again, not until an ejection is over
		} else {
			b.fleet.Checked(s.sched, false, now)
		}
		b.mu.Unlock()
		return false
	}
	if problem := b.meet(ctx, s, found); problem != "" {
		b.mu.Lock()
		b.notice(s, problem)
		b.fleet.Drain(s.sched, now)
		b.mu.Unlock()
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s.checked, s.problem, s.kinds = now, found.Reason, found.Kinds
	if found.loaded {
		b.report(s, found.load, now)
		defer b.serve(now, nil)
	}
	switch {
	case found.Ready:
		b.keepListed(s, found.Changes, now)
		if h := s.sched.Health(); (s.anew || h == policy.Draining || h == policy.Unidentified) && !b.parked(s.name) {
			b.fleet.Return(s.sched, now)
			s.anew = false
		}
	case found.Reason == string(runtimespec.Draining):
		s.willing = false
		b.fleet.Drain(s.sched, now)
		return true
	default:
		s.willing = false
		if (s.anew || s.sched.Health() == policy.Draining) && !b.parked(s.name) {
			b.fleet.Unfit(s.sched, now)
		}
	}
	b.fleet.Checked(s.sched, found.Ready, now)
	return found.Ready
}

// notice remembers what is wrong with a server, and says so once of one that was
// never met: nothing else tells of it. The caller holds mu.
func (b *Balancer) notice(s *backend, problem string) {
	if s.id == "" && s.problem == "" {
		b.log.Warn("server is not met yet", zap.String("server", s.name), zap.String("problem", problem))
	}
	s.problem, s.willing = problem, false
}

// probe asks for a server's readiness.
func (b *Balancer) probe(ctx context.Context, s *backend) (r readiness, err error) {
	ctx, cancel := context.WithTimeout(ctx, b.settings().CheckTimeout)
	defer cancel()
	resp, err := s.probe.Send(ctx, &hop.Request{Get: true, Path: runtimespec.PathReady})
	if err != nil {
		return r, err
	}
	defer resp.Close()
	id, one := resp.Head.Only(runtimespec.HeaderServer)
	r.id = id
	report, err := runtimespec.ParseLoad(resp.Head.Get(runtimespec.HeaderLoad))
	r.load, r.loaded = report, err == nil
	text, err := io.ReadAll(io.LimitReader(resp, maxMessage))
	if err != nil {
		return r, err
	}
	known := resp.Status == http.StatusOK || resp.Status == http.StatusServiceUnavailable
	if !known || !one || len(id) != 36 || uuid.Validate(id) != nil || json.Unmarshal(text, &r) != nil {
		return r, fmt.Errorf("it answers status %d and is no server of this contract", resp.Status)
	}
	r.Ready = r.Ready && resp.Status == http.StatusOK
	if r.Ready {
		r.Reason = ""
	}
	return r, nil
}
