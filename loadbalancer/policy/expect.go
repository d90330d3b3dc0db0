package policy

import "time"

// expectation is what is believed of a run that is sent to a copy now.
type expectation struct {
	ahead int     // runs that may have to end first
	turn  float64 // s between two ends of runs there
	total float64 // s until the answer, made worse by whatever speaks against the copy
}

// surelyFails bounds the share of failures that is believed: above it a server
// would not be chosen however long others take, and never show that it is well.
const surelyFails = 0.95

func (f *Fleet) expect(c *Copy, fresh, now time.Time) expectation {
	s, forget, service := c.server, f.options.Forget, c.service(now, f.options.Forget)
	ahead, of := c.ahead(fresh)
	run := s.runs.value
	if s.runs.n == 0 || of == c.function.limit {
		run = service // what waits is of the same function, as far as is known
	}
	e := expectation{ahead: ahead, turn: run / float64(of)}
	e.total = float64(ahead)*e.turn + service
	if c.cold { // its process evicts others, as an init does
		e.total += f.copyCost(c.function).Seconds()
	} else {
		e.total += c.initLeft(f.options.Init, now).Seconds()
	}
	if c.failures.value > 0 {
		e.total /= 1 - min(c.failures.value*c.failures.held(now, forget), surelyFails)
	}
	e.total /= f.weight(s, now)
	return e
}

// Expected is how long the answer to a run takes that is sent to a copy now: what
// waits before it, the rest of an init, the run. More for a server that fails or
// is in slow start, as if it took so much longer. For custom policies.
func (f *Fleet) Expected(c *Copy, now time.Time) time.Duration {
	return duration(f.expect(c, now.Add(-f.options.Stale), now).total)
}
