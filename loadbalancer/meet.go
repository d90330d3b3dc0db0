package loadbalancer

import (
	"context"
	"time"
)

// meetFirst waits until the servers that are listed have been checked once, so
// that a balancer that answers knows them; not for long: some may be away.
func (b *Balancer) meetFirst() {
	b.mu.Lock()
	first := make([]*backend, 0, len(b.backends))
	for _, s := range b.backends {
		first = append(first, s)
	}
	b.mu.Unlock()
	limit := time.NewTimer(b.settings().CheckTimeout)
	defer limit.Stop()
	for _, s := range first {
		select {
		case <-s.looked:
		case <-limit.C:
			return
		}
	}
}

// meet gets to know the process that answers, if it is another than before.
// What it says keeps the server from getting work.
func (b *Balancer) meet(ctx context.Context, s *backend, found readiness) (problem string) {
	b.mu.Lock()
	known := s.id == found.id
	twin := b.twin(s, found.id)
	b.mu.Unlock()
	switch {
	case found.id == b.id:
		return "it is this balancer itself: take it out of the list of servers"
	case twin != "":
		return "it is the same server as " + twin + ": take one of the two out of the list"
	case known:
		return ""
	}
	asked := time.Now()
	held, problem := b.list(ctx, s)
	if problem != "" {
		return problem
	}
	s.pool.CloseIdle() // those to the process before
	b.adopt(s, found, held, asked)
	return ""
}

// twin is the name of a member that is the same process and stands before s in
// the list; the caller holds mu.
func (b *Balancer) twin(s *backend, id string) string {
	for _, sched := range b.fleet.Servers() {
		if other := b.backends[sched]; other == s {
			break
		} else if other.id == id {
			return other.name
		}
	}
	return ""
}
