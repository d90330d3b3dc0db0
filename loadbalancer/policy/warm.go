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

// look is one pick.
type look struct {
	f     *Fleet
	r     Request
	now   time.Time
	fresh time.Time // reports from before are stale
}

// candidate is a copy and what speaks for it.
type candidate struct {
	copy *Copy
	expectation
	fill float64
}

// Pick implements Policy.
func (w *warm) Pick(r Request, f *Fleet, now time.Time, rng *rand.Rand) Choice {
	l := look{f: f, r: r, now: now, fresh: now.Add(-f.options.Stale)}
	best := w.best(l, rng)
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
	switch {
	case best.copy.cold:
		why = Cold
	case best.copy.state == Initialising || !best.copy.starting.IsZero():
		why = Joining
	}
	return Choice{Server: best.copy.server, Why: why, Wait: wait}
}

// best weighs a few copies drawn at random, all if there are few. If a run would
// wait at the best of them, one where it would not is searched among all.
func (w *warm) best(l look, rng *rand.Rand) (best candidate) {
	held, on := l.r.Function.held, l.r.Function.on
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
	for i := 0; i < n && (best.copy == nil || best.ahead > 0 || best.copy.cold); i++ {
		at := wrap(start+i, n)
		if best.copy == nil || on[at].free() && !held[at].cold && held[at].idle(l.fresh) {
			w.weigh(l, held[at], &best)
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

// weigh replaces best if a run is expected to end sooner with the copy, or as soon
// and more slots are free.
func (w *warm) weigh(l look, c *Copy, best *candidate) {
	if !l.takes(c) {
		return
	}
	fill := c.server.fill()
	w.hot.see(fill, l.f.options.Hot)
	e := l.f.expect(c, l.fresh, l.now)
	if e.ahead > 0 && w.hot.is(fill) {
		e.total *= hotCosts
	}
	if best.copy == nil || e.total < best.total || e.total == best.total && fill < best.fill {
		*best = candidate{copy: c, expectation: e, fill: fill}
	}
}

// takes is whether the copy may get the run.
func (l look) takes(c *Copy) bool {
	return l.f.usable(c.server, l.r.Tried) && !l.now.Before(c.full)
}

// cold places a run of a function that no server has, or none that takes it.
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
