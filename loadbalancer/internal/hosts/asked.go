package hosts

import "time"

// askedFor is for how many cool-downs a host that was asked for is expected.
// Then it is taken for one that will not come.
const askedFor = 4

// asked are the hosts that a hook was asked for and that have not come yet.
type asked struct {
	times []time.Time     // of the asking, the first one first
	known map[string]bool // hosts by name that were there at some time since
}

// takeBack is after a hook that failed.
func (a *asked) takeBack() { a.times = a.times[:max(0, len(a.times)-1)] }

// look takes each host that was not there before for one that was asked for, and
// gives up those that were asked for too long ago.
func (a *asked) look(s Signals, now time.Time, limit time.Duration) {
	if a.known == nil || len(a.times) == 0 {
		a.known = map[string]bool{} // a host that was ended may come again
	}
	for _, h := range s.Hosts {
		if !a.known[h.Name] && len(a.times) > 0 {
			a.times = a.times[1:]
		}
		a.known[h.Name] = true
	}
	for len(a.times) > 0 && now.Sub(a.times[0]) >= limit {
		a.times = a.times[1:]
	}
}
