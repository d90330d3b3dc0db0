package policy

import (
	"math"
	"time"
)

const (
	few  = 16  // samples that an average remembers where change matters,
	many = 128 // and where noise does

	perSample = 10 * time.Second / few // of silence makes an average forget about as much as a sample does
)

// average is a moving average. The first samples count alike, then each for a
// part of the window; one after a long silence counts for more.
type average struct {
	value float64
	n     int       // samples that the value is made of, about
	at    time.Time // of the last sample
}

// held is the part that is left of the value's weight, from 1 to 0, since it last
// got a sample.
func (a *average) held(now time.Time, forget time.Duration) float64 {
	return math.Exp(-max(0, now.Sub(a.at)).Seconds() / forget.Seconds())
}

func (a *average) add(x float64, window int, now time.Time) {
	weight := 1 / float64(min(a.n+1, window))
	if !a.at.IsZero() {
		memory := perSample.Seconds() * float64(window)
		silence := 1 - math.Exp(-now.Sub(a.at).Seconds()/memory)
		weight = max(weight, min(silence, 0.5))
	}
	a.value += weight * (x - a.value)
	a.n, a.at = int(math.Round(1/weight)), now
}

// peak is a moving average that jumps to each peak and decays from there
// (Finagle's peak EWMA).
type peak struct {
	value float64
	at    time.Time
}

// peakDecay is after how long a third is left of a peak.
const peakDecay = 10 * time.Second

func (p *peak) add(x float64, now time.Time) {
	if x > p.value {
		p.value = x
	} else {
		decay := math.Exp(-now.Sub(p.at).Seconds() / peakDecay.Seconds())
		p.value = p.value*decay + x*(1-decay)
	}
	p.at = now
}

// tailCut is how many times the typical run a run counts for at most in a mean:
// of durations over several orders of magnitude a plain mean is mostly noise.
const tailCut = 8

// timing is how long runs of one function take. Servers are compared by what is
// typical (the geometric mean), because single long runs hardly move it; what
// waiting costs is made of means.
type timing struct {
	logs   average // of seconds
	spread average // of logs around what is typical for their server, squared
	mean   average // s, of runs cut at tailCut
}

// add takes in a run of so many seconds; off is how far its logarithm is from
// what is typical there.
func (t *timing) add(seconds, off float64, now time.Time) {
	x := math.Log(seconds)
	t.logs.add(x, many, now)
	t.spread.add(off*off, many, now)
	t.mean.add(min(seconds, tailCut*math.Exp(t.logs.value)), many, now)
}

// doubt is how many standard errors a server has to be off before it is taken
// for faster or slower than others.
const doubt = 3

// shrunk is a difference of logarithms that was found from n samples, less what
// may be chance.
func (t *timing) shrunk(difference float64, n int) float64 {
	chance := doubt * math.Sqrt(t.spread.value/float64(2*n-1))
	return math.Copysign(max(0, math.Abs(difference)-chance), difference)
}

// seconds turns a duration into a number whose logarithm exists.
func seconds(d time.Duration) float64 { return max(d, time.Microsecond).Seconds() }

// duration turns seconds back, capped well below overflow.
func duration(seconds float64) time.Duration {
	return time.Duration(min(seconds, 1e6) * float64(time.Second))
}
