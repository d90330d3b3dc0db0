package autoscale

import "time"

// askedFor is for how many cool-downs a host that was asked for is expected.
// Then it is taken for one that will not come.
const askedFor = 4

// asked are the hosts that a hook was asked for and that have not come yet.
type asked struct {
	times []time.Time     // of the asking, or since the hook has ended; the first one first
	known map[string]bool // hosts by name that were there at some time since
}

// begin is after a hook that succeeded, or may have: from now on the host is to come, if it is
// not there yet.
func (a *asked) begin(now time.Time) {
	if n := len(a.times); n > 0 {
		a.times[n-1] = now
	}
}

// cancelRequest is after a hook that has not done it.
func (a *asked) cancelRequest() { a.times = a.times[:max(0, len(a.times)-1)] }

// look takes each host that was not there before for one that was asked for.
func (a *asked) look(s Signals) {
	if a.known == nil || len(a.times) == 0 {
		a.known = map[string]bool{} // a host that was ended may come again
	}
	for _, h := range s.Hosts {
		if !a.known[h.Name] && len(a.times) > 0 {
			a.times = a.times[1:]
		}
		a.known[h.Name] = true
	}
}

// giveUp forgets those that should have come by now.
func (a *asked) giveUp(limit time.Duration, now time.Time) {
	for len(a.times) > 0 && now.Sub(a.times[0]) >= limit {
		a.times = a.times[1:]
	}
}
