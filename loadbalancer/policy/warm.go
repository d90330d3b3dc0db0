package policy

import (
	"math/rand/v2"
	"time"
)

// warm prefers servers that have the function. Of a few of them drawn at random
// (power of d choices) it takes the one where the run is expected to end first,
// counting hot ones double (Prequal); one that waits nowhere if any is known.
// Without any, or where waiting costs more than one more copy, it places the function
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
	ahead int     // runs that may have to end first
	turn  float64 // s between two ends of runs there
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
	ahead, _ := best.copy.ahead(time.Time{}) // what is stale shows no wait either
	wait := duration(float64(ahead) * best.turn)
	if wait > f.copyCost(r.Function) && !r.Function.firstInit() {
		if s := f.room(r.Function, r.Tried, now); s != nil {
			return Choice{Server: s, Why: Overflow}
		}
	}
	why := Warm
	if best.copy.state == Loading {
		why = Joining
	}
	return Choice{Server: best.copy.server, Why: why, Wait: wait}
}

// best weighs a few copies drawn at random, all if there are few. If a run would
// wait at the best of them, one where it would not is searched among all.
func (w *warm) best(l look, held []*Copy, rng *rand.Rand) (best candidate) {
	n := len(held)
	if n == 0 {
		return best
	}
	start := rng.IntN(n) // equals take turns
	if n <= l.f.options.Choices {
		for i := range n {
			w.weigh(l, held[wrap(start+i, n)], &best)
		}
		return best
	}
	for range l.f.options.Choices {
		w.weigh(l, held[rng.IntN(n)], &best)
	}
	if best.copy != nil && l.f.free == 0 {
		return best
	}
	for i := 0; i < n && (best.copy == nil || best.ahead > 0); i++ {
		if c := held[wrap(start+i, n)]; best.copy == nil || c.idle(l.fresh) {
			w.weigh(l, c, &best)
		}
	}
	return best
}

// wrap is an index below 2n, brought below n: a division would cost more than all
// that is done for a server.
func wrap(i, n int) int {
	if i >= n {
		return i - n
	}
	return i
}

// weigh replaces best if a run is expected to end sooner with the copy.
func (w *warm) weigh(l look, c *Copy, best *candidate) {
	s := c.server
	if !l.takes(c) {
		return
	}
	forget := l.f.options.Forget
	fill, service := s.fill(), c.service(l.now, forget)
	w.hot.see(fill, l.f.options.Hot)
	ahead, of := c.ahead(l.fresh)
	run := s.runs.value
	if s.runs.n == 0 || of == c.function.limit {
		run = service
	}
	turn := run / float64(of)
	cost := float64(ahead)*turn + service + c.loading(l.f.options.Init, l.now).Seconds()
	if c.failures.value > 0 {
		cost /= 1 - min(c.failures.value*c.failures.held(l.now, forget), surelyFails)
	}
	cost /= l.f.weight(s, l.now)
	if ahead > 0 && w.hot.is(fill) {
		cost *= hotCosts
	}
	if best.copy == nil || cost < best.cost || cost == best.cost && fill < best.fill {
		*best = candidate{copy: c, cost: cost, ahead: ahead, turn: turn, fill: fill}
	}
}

// takes is whether the copy may get the run.
func (l look) takes(c *Copy) bool {
	return l.f.usable(c.server, l.r.Tried) && !l.now.Before(c.full)
}

// cold places a run whose function nobody has, or nobody takes.
func (l look) cold() Choice {
	fn := l.r.Function
	l.f.mark(fn)
	s := l.f.place(fn.hash, l.now, func(s *Server) bool {
		if s.mark == l.f.marked || !l.f.usable(s, l.r.Tried) {
			return false
		}
		c := fn.copies[s]
		return c == nil || !l.now.Before(c.full)
	})
	switch {
	case s == nil:
		return Choice{}
	case len(fn.held) > 0:
		return Choice{Server: s, Why: Overflow}
	}
	return Choice{Server: s, Why: Cold}
}
