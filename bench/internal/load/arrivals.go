package load

import (
	"math/rand/v2"
	"time"
)

// Arrival is when a run is due, from the start of the load.
type Arrival struct {
	At       time.Duration
	Function int // from 0; AnyFunction: no particular one
}

// AnyFunction is the function of a run that goes to all targets in turn.
const AnyFunction = -1

// Arrivals is a schedule. Next returns the next arrival, never earlier than the
// last one; false if there is none.
type Arrivals interface {
	Next() (Arrival, bool)
}

// Constant returns rate arrivals per second at equal distances, the first at
// once.
func Constant(rate float64) Arrivals { return &constant{gap: float64(time.Second) / rate} }

type constant struct {
	gap float64 // nanoseconds
	n   int64
}

func (c *constant) Next() (Arrival, bool) {
	at := time.Duration(float64(c.n) * c.gap) // no sum: its error would grow
	c.n++
	return Arrival{at, AnyFunction}, true
}

// Poisson returns rate arrivals per second on average, each independent of all
// others. The same seed gives the same arrivals.
func Poisson(rate float64, seed uint64) Arrivals {
	return &poisson{gap: float64(time.Second) / rate, random: rand.New(rand.NewPCG(seed, 0))}
}

type poisson struct {
	gap    float64 // nanoseconds on average
	at     float64
	random *rand.Rand
}

func (p *poisson) Next() (Arrival, bool) {
	p.at += p.random.ExpFloat64() * p.gap
	return Arrival{time.Duration(p.at), AnyFunction}, true
}

// Bursty returns rate arrivals per second on average, all of them in bursts
// that last on and are off apart. The first burst starts at once; a burst is a
// Poisson process.
func Bursty(rate float64, on, off time.Duration, seed uint64) Arrivals {
	return &bursty{within: Poisson(rate*float64(on+off)/float64(on), seed), on: on, off: off}
}

type bursty struct {
	within  Arrivals // as if there was no time between bursts
	on, off time.Duration
}

func (b *bursty) Next() (Arrival, bool) {
	a, ok := b.within.Next()
	a.At += a.At / b.on * b.off
	return a, ok
}
