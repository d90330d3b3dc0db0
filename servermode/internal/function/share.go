package function

import (
	"slices"
	"time"
)

// Place is how a process ranks for the CPUs.
type Place int

// Places of a process that has runs.
const (
	InFront Place = iota // with everything else on the host
	Aside                // its tenant wants more than its share: it gets less than those that do not
	Behind               // beyond that share: it gets what all others leave
)

// shareFor is how long a tenant counts for after its last run, and as one that
// wants more than its share after it last did: what runs need not change places
// with every single run.
const shareFor = time.Second

// shares says how tenants share the CPUs when several want them. Each has as many
// processes as its part of the CPUs is; one that runs more yields to those that do
// not, but is never starved: so many of its own stay aside. A tenant alone has all.
type shares struct {
	cpus    int
	tenants map[string]*tenantShare
}

// tenantShare is what a tenant with runs, or with some a moment ago, has of the CPUs.
type tenantShare struct {
	last    time.Time // a run of it began or ended
	greedy  time.Time // it had more than its share
	running []*runner // the longest first
}

// runner is a process that has runs.
type runner struct {
	tenant   string
	instance Instance
	runs     int
	place    Place
}

// share is how many processes of each tenant find a CPU.
func (s *shares) share() int { return max(1, s.cpus/max(1, len(s.tenants))) }

// begin counts a run, whose process is to be told its place then. It returns
// others whose place has changed with it.
func (s *shares) begin(tenant string, i Instance, now time.Time) (others []*runner) {
	c := s.tenants[tenant]
	arrived := c == nil
	if arrived {
		c = &tenantShare{}
		s.tenants[tenant] = c
	}
	c.last = now
	own := c.find(i.PID())
	if own == nil {
		own = &runner{tenant: tenant, instance: i}
		own.place = s.place(c, c.ahead(), now)
		c.running = append(c.running, own)
	}
	own.runs++
	if arrived || s.exceeds(c) && !c.over(now) {
		return s.settle(now)
	}
	s.note(c, now)
	return nil
}

// end is the end of a run that begin has counted.
func (s *shares) end(tenant string, pid int, now time.Time) {
	c := s.tenants[tenant]
	r := c.find(pid)
	c.last = now
	if r.runs--; r.runs == 0 {
		c.running = slices.DeleteFunc(c.running, func(other *runner) bool { return other == r })
	}
}

// sweep forgets tenants that have had no runs for a while and gives all others their place.
func (s *shares) sweep(now time.Time) (changed []*runner) {
	for name, c := range s.tenants {
		if len(c.running) == 0 && now.Sub(c.last) >= shareFor {
			delete(s.tenants, name)
		}
	}
	return s.settle(now)
}

// settle gives every process its place, those that run for longest first, and
// returns what has changed.
func (s *shares) settle(now time.Time) (changed []*runner) {
	for _, c := range s.tenants {
		s.note(c, now)
		for n, r := range c.running {
			if place := s.place(c, n, now); place != r.place {
				r.place = place
				changed = append(changed, r)
			}
		}
	}
	return changed
}

// place is that of a tenant's process before which n others come.
func (s *shares) place(c *tenantShare, n int, now time.Time) Place {
	switch {
	case len(s.tenants) < 2 || !c.over(now):
		return InFront
	case n < s.share():
		return Aside
	}
	return Behind
}

func (s *shares) exceeds(c *tenantShare) bool { return len(c.running) > s.share() }

func (s *shares) note(c *tenantShare, now time.Time) {
	if s.exceeds(c) {
		c.greedy = now
	}
}

// placeOf is a process's place now; one without a run stands in no other's way.
func (s *shares) placeOf(tenant string, pid int) Place {
	if c := s.tenants[tenant]; c != nil {
		if r := c.find(pid); r != nil {
			return r.place
		}
	}
	return InFront
}

// over reports whether a tenant has lately had more than its share.
func (c *tenantShare) over(now time.Time) bool {
	return !c.greedy.IsZero() && now.Sub(c.greedy) < shareFor
}

// ahead counts the processes that are not behind all others.
func (c *tenantShare) ahead() (n int) {
	for _, r := range c.running {
		if r.place != Behind {
			n++
		}
	}
	return n
}

func (c *tenantShare) find(pid int) *runner {
	for _, r := range c.running {
		if r.instance.PID() == pid {
			return r
		}
	}
	return nil
}
