package policy

import "time"

// record is what a server's ejection is decided from.
type record struct {
	row       int // failures since the last answer
	answers   int // since the last sweep, failures included
	failures  int // of them
	ejections int // lately; each makes the next one longer
	checks    int // health checks that failed since one that did not
	until     time.Time
}

// succeeded counts a run that was answered.
func (f *Fleet) succeeded(s *Server, now time.Time) {
	s.errors.row = 0
	s.errors.answers++
	if s.health == Probing {
		f.become(s, Recovering, now)
	}
}

// failed counts a run or a health check that failed by the server's fault.
func (f *Fleet) failed(s *Server, now time.Time) {
	s.errors.row++
	s.errors.answers++
	s.errors.failures++
	switch {
	case s.health == Probing, s.errors.row >= f.options.Errors:
		f.eject(s, now)
	}
}

// eject takes a server out for a while, if it is in.
func (f *Fleet) eject(s *Server, now time.Time) {
	switch s.health {
	case Healthy, Recovering, Probing:
		s.errors.ejections++
		out := min(f.options.Ejection*time.Duration(s.errors.ejections), f.options.EjectMost)
		s.errors.until, s.errors.row = now.Add(out), 0
		f.become(s, Ejected, now)
	}
}

// Checked takes in what an active health check found. A few bad ones in a row
// eject a server, and none is tried with a run while they are bad. A good one
// admits an ejected server whose time is over; it does not excuse failed runs of
// others.
func (f *Fleet) Checked(s *Server, well bool, now time.Time) {
	if well {
		if s.errors.checks = 0; s.health == Probing {
			f.become(s, Recovering, now)
		}
		return
	}
	s.errors.checks++
	if f.failed(s, now); s.errors.checks >= f.options.Checks {
		f.eject(s, now)
	}
}

// Drain stops new runs to a server that said that it leaves.
func (f *Fleet) Drain(s *Server, now time.Time) {
	if s.health != Draining && s.health != Gone {
		f.become(s, Draining, now)
	}
}

// Return takes a server in that was announced, or back that drained or was
// ejected: another process answers there. It is no better for that if it is
// ejected again.
func (f *Fleet) Return(s *Server, now time.Time) {
	switch s.health {
	case Ejected:
		f.become(s, Probing, now)
	case Draining:
		s.errors.ejections = 0
	case Probing, Unidentified:
	default:
		return
	}
	s.errors = record{ejections: s.errors.ejections}
	f.become(s, Recovering, now)
}

// Unfit says that a process that has not been well yet answers, and is not: it
// gets runs only where no other is in.
func (f *Fleet) Unfit(s *Server, now time.Time) {
	if s.known = true; s.health != Unidentified && s.health != Gone {
		f.become(s, Unidentified, now)
	}
}

// Sweep does what time brings about: ejections end and slow starts are over,
// and now and then servers are looked at for their share of failures. It is
// called about once a second.
func (f *Fleet) Sweep(now time.Time) {
	for _, s := range f.servers {
		switch {
		case s.health == Ejected && !now.Before(s.errors.until) && s.errors.checks == 0:
			f.become(s, Probing, now)
		case s.health == Recovering && now.Sub(s.since) >= f.options.SlowStart:
			f.become(s, Healthy, now)
		}
	}
	if now.Sub(f.swept) < f.options.Sweep {
		return
	}
	f.swept = now
	for _, s := range f.servers {
		f.judge(s, now)
	}
}

// judge ejects a server with too large a share of failures since the last
// sweep, and forgives one ejection of a server that is well.
func (f *Fleet) judge(s *Server, now time.Time) {
	e := &s.errors
	bad := e.answers >= f.options.Volume && float64(e.failures) >= f.options.ErrorRate*float64(e.answers)
	switch {
	case bad:
		f.eject(s, now)
	case s.health == Healthy && e.failures == 0:
		e.ejections = max(0, e.ejections-1)
	}
	e.answers, e.failures = 0, 0
}
