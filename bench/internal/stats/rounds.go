package stats

import (
	"encoding/json"
	"math"
)

// Rounds is one value for each round; NaN where it was not measured.
type Rounds []float64

// Quartiles are the lower, the middle and the upper quartile; NaN of no values.
type Quartiles struct {
	Lower, Median, Upper float64
}

// Quartiles returns the quartiles of the rounds that were measured.
func (r Rounds) Quartiles() Quartiles {
	var there []float64
	for _, v := range r {
		if !math.IsNaN(v) {
			there = append(there, v)
		}
	}
	return Quartiles{Quantile(there, 0.25), Median(there), Quantile(there, 0.75)}
}

// Over returns this divided by that, round by round: a disturbance of the host
// that affects both cancels out. It leaves out a round that either lacks.
func (r Rounds) Over(that Rounds) Rounds {
	out := make(Rounds, min(len(r), len(that)))
	for i := range out {
		if out[i] = r[i] / that[i]; that[i] == 0 {
			out[i] = math.NaN()
		}
	}
	return out
}

// MarshalJSON writes null for a round that was not measured.
func (r Rounds) MarshalJSON() ([]byte, error) {
	out := make([]*float64, len(r))
	for i := range r {
		if !math.IsNaN(r[i]) && !math.IsInf(r[i], 0) {
			out[i] = &r[i]
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads null as not measured.
func (r *Rounds) UnmarshalJSON(text []byte) error {
	var in []*float64
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*r = make(Rounds, len(in))
	for i, v := range in {
		if (*r)[i] = math.NaN(); v != nil {
			(*r)[i] = *v
		}
	}
	return nil
}
