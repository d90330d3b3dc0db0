package policy

import (
	"math/rand/v2"
	"time"
)

// warm prefers servers that have the function. Of a few of them drawn at random
// (power of d choices) it takes the one where the run is expected to end first,
// counting hot ones double (Prequal); one that waits nowhere if any is known.
// Without any, or where waiting costs more than an init, it places the function
// with one more server.
type warm struct{ hot hot }

func newWarm() Policy { return &warm{} }

// hotCosts is what the cost of a hot server is multiplied by.
const hotCosts = 2

// surelyFails bounds the share of failures that is believed: above it a server
// would not be chosen however long others take, and never show that it is well.
const surelyFails = 0.95

// look is one pick.
type look struct {
	f     *Fleet
	r     Request
	now   time.Time
	fresh time.Time // reports from before are stale
}

// candidate is a copy and what a run there is expected to cost.
type candidate struct {
	copy  *Copy
	cost  float64 // s until the answer, made worse by whatever speaks against it
	wait  float64 // s before it begins, without an init
	ahead int
	fill  float64
}

// Pick implements Policy.
func (w *warm) Pick(r Request, f *Fleet, now time.Time, rng *rand.Rand) Choice {
	l := look{f: f, r: r, now: now, fresh: now.Add(-f.options.Stale)}
	held := r.Function.held
	best := w.best(l, held, rng)
	if best.copy == nil {
		return l.cold()
	}
	if wait := duration(best.wait); best.ahead > 0 && wait > r.Function.initTime(l.f.options.Init) {
		if c := l.elsewhere(); c.Server != nil {
			return c
		}
	}
	why := Warm
	if best.copy.state == Loading {
		why = Joining
	}
	return Choice{Server: best.copy.server, Why: why, Wait: duration(best.wait)}
}

// best weighs a few copies drawn at random, all if there are few. If a run would
// wait at the best of them, one where it would not is searched among all.
func (w *warm) best(l look, held []*Copy, rng *rand.Rand) (best candidate) {
	if len(held) == 0 {
		return best
	}
	start := rng.IntN(len(held))
	if len(held) > l.f.options.Choices {
		for range l.f.options.Choices {
			w.weigh(l, held[rng.IntN(len(held))], &best)
		}
		if best.copy != nil && best.ahead == 0 {
			return best
		}
	}
	for i := range held {
		c := held[(start+i)%len(held)]
		if len(held) <= l.f.options.Choices || best.copy == nil || c.server.ahead(l.fresh) == 0 {
			w.weigh(l, c, &best)
		}
		if len(held) > l.f.options.Choices && best.copy != nil && best.ahead == 0 {
			break
		}
	}
	return best
}

// weigh replaces best if a run is expected to end sooner with the copy.
func (w *warm) weigh(l look, c *Copy, best *candidate) {
	s := c.server
	if !l.takes(c) {
		return
	}
	forget := l.f.options.Forget
	fill, ahead, service := s.fill(), s.ahead(l.fresh), c.service(l.now, forget)
	w.hot.see(fill, l.f.options.Hot)
	run := s.runs.value
	if s.runs.n == 0 {
		run = service
	}
	wait := float64(ahead) * run / float64(s.Slots())
	cost := wait + service + c.loading(l.f.options.Init, l.now).Seconds()
	if c.failures.value > 0 {
		cost /= 1 - min(c.failures.value*c.failures.held(l.now, forget), surelyFails)
	}
	cost /= l.f.weight(s, l.now)
	if ahead > 0 && w.hot.is(fill) {
		cost *= hotCosts
	}
	if best.copy == nil || cost < best.cost || cost == best.cost && fill < best.fill {
		*best = candidate{copy: c, cost: cost, wait: wait, ahead: ahead, fill: fill}
	}
}

// takes is whether the copy may get the run.
func (l look) takes(c *Copy) bool {
	return l.f.usable(c.server, l.r.Tried) && !l.now.Before(c.full)
}

// cold places a run whose function nobody has, or nobody takes.
func (l look) cold() Choice {
	fn := l.r.Function
	s := l.f.place(fn.hash, l.now, func(s *Server) bool {
		c := fn.copies[s]
		return l.f.usable(s, l.r.Tried) && (c == nil || c.state == Absent && !l.now.Before(c.full))
	})
	switch {
	case s == nil:
		return Choice{}
	case len(fn.held) > 0:
		return Choice{Server: s, Why: Overflow}
	}
	return Choice{Server: s, Why: Cold}
}

// elsewhere is a server with a free slot that does not have the function.
func (l look) elsewhere() Choice {
	c := l.cold()
	if c.Server != nil && c.Server.ahead(time.Time{}) > 0 {
		return Choice{}
	}
	return c
}
