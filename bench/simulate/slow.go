package main

import (
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/chart"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
	"github.com/whiskaway/whiskaway/loadbalancer/policy/simulator"
)

// slowLoads are parts of what the servers can do together.
var slowLoads = []float64{0.3, 0.5, 0.7, 0.9}

// oneSlow simulates what ./underload slow measures, at more loads: four servers
// with four slots, one with a tenth of the others' speed, runs of 20 ms.
func oneSlow(n int) (part, error) {
	p := part{
		title: "One slow server", picture: "simulated-slow.png", columns: []string{"load", "policy", "p50, ms", "p99, ms", "runs at the slow one, %"},
		text: "Four servers with four slots, one of them with a tenth of the speed, one function that all have, runs of 20 ms (lognormal, σ = 1), a Poisson process at a part of what the four can do together, 60 s. " +
			"At 0.7 this is what `go run ./underload slow` measures with real servers.",
	}
	picture := chart.Chart{Title: "Simulated: one of four servers has a tenth of the speed", Y: "p99 of a run, by load as a part of what all four can do (logarithmic; lower is better); dots are medians of seeds, whiskers quartiles", Logarithm: true,
		Label: func(ms float64) string { return chart.Duration(1000 * ms) }}
	for _, policy := range policies {
		picture.Series = append(picture.Series, chart.Series{Name: policy.name, Color: policy.color})
	}
	for _, load := range slowLoads {
		picture.Groups = append(picture.Groups, fmt.Sprint(load))
		for i, policy := range policies {
			c := fourOneSlow(load)
			c.Policy = policy.name
			o, err := seeds(n, c)
			if err != nil {
				return p, err
			}
			p.rows = append(p.rows, []string{fmt.Sprint(load), policy.name, stats.Spread(o.p50, "%.1f"), stats.Spread(o.p99, "%.0f"), stats.Spread(o.slow, "%.1f")})
			picture.Series[i].Values = append(picture.Series[i].Values, o.p99.Quartiles())
		}
	}
	p.draw = picture.Draw
	return p, nil
}

func fourOneSlow(load float64) simulator.Config {
	const slots = 4
	f := simulator.Function{Median: 12_130 * time.Microsecond, Sigma: 1}
	f.Rate = load * 3.1 * slots / f.Mean().Seconds()
	c := simulator.Config{Ready: true, Functions: []simulator.Function{f}, Length: 65 * time.Second, WarmUp: 5 * time.Second}
	for _, speed := range []float64{1, 1, 1, 0.1} {
		c.Servers = append(c.Servers, simulator.Server{Speed: speed, Slots: slots})
	}
	return c
}
