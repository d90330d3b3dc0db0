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
	Aside                // its tenant exceeds its share: it gets less than processes of tenants that do not
	Behind               // beyond its tenant's share: it gets what all others leave
)

// shareFor is how long a tenant still counts after its last run, and how long it
// counts as greedy after it last exceeded its share. Without it places would change
// with every single run.
const shareFor = time.Second

// shares divides the CPUs among tenants when several use them. A tenant's share is a
// number of processes. A tenant that runs more yields to those that do not, but is
// never starved: as many of its processes as its share stay aside. A tenant alone
// has all CPUs.
type shares struct {
	cpus    int
	tenants map[string]*tenantShare
}

// tenantShare is the use of the CPUs by a tenant that has runs, or had some a moment
// ago.
type tenantShare struct {
	last    time.Time // a run of it started or ended
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

// share returns how many processes of each tenant find a CPU.
func (s *shares) share() int { return max(1, s.cpus/max(1, len(s.tenants))) }

// runStarted counts a run. Its process is told its place after that. It returns
// other processes whose place has changed.
func (s *shares) runStarted(tenant string, i Instance, now time.Time) (others []*runner) {
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

// runEnded counts the end of a run.
func (s *shares) runEnded(tenant string, pid int, now time.Time) {
	c := s.tenants[tenant]
	r := c.find(pid)
	c.last = now
	if r.runs--; r.runs == 0 {
		c.running = slices.DeleteFunc(c.running, func(other *runner) bool { return other == r })
	}
}

// sweep forgets tenants without recent runs and gives all others' processes their
// place.
func (s *shares) sweep(now time.Time) (changed []*runner) {
	for name, c := range s.tenants {
		if len(c.running) == 0 && now.Sub(c.last) >= shareFor {
			delete(s.tenants, name)
		}
	}
	return s.settle(now)
}

// settle gives every process its place, the longest running first, and returns those
// whose place has changed.
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

// place returns the place of a tenant's process that has n others before it.
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

// placeOf returns a process's place now. A process without a run is in front: it
// takes no CPU from others.
func (s *shares) placeOf(tenant string, pid int) Place {
	if c := s.tenants[tenant]; c != nil {
		if r := c.find(pid); r != nil {
			return r.place
		}
	}
	return InFront
}

// over reports whether a tenant has lately exceeded its share.
func (c *tenantShare) over(now time.Time) bool {
	return !c.greedy.IsZero() && now.Sub(c.greedy) < shareFor
}

// ahead returns how many processes are not behind all others.
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
