package main

import (
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/chart"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
	"github.com/whiskaway/whiskaway/loadbalancer/policy/simulator"
)

// crowded are how much is asked of servers, and how much they hold.
var crowded = []struct {
	load  float64
	holds int
}{{0.3, 20}, {0.5, 40}, {0.7, 20}, {0.7, 40}, {0.7, 0}, {0.9, 40}}

const (
	crowdServers   = 8
	crowdSlots     = 4
	crowdFunctions = 200
)

// coldStarts is many functions on servers that hold a part of them.
func coldStarts(n int) (part, error) {
	p := part{
		title: "Cold starts", picture: "simulated-cold.png",
		columns: []string{"load", "a server holds", "policy", "requests that waited for an init, of 1,000", "inits, of 1,000 requests", "p50, ms", "p99, ms"},
		text: fmt.Sprintf("%d functions, the i-th called 1/i as often as the first, runs of 50 ms in the median (lognormal, σ = 1), inits of 1 s; %d servers with %d slots that hold so many functions, for 90 s after 30 s that do not count.",
			crowdFunctions, crowdServers, crowdSlots),
	}
	picture := chart.Chart{Title: fmt.Sprintf("Simulated: %d functions on %d servers", crowdFunctions, crowdServers), Y: "runs of 1,000 that waited for an init, by load and by functions that a server has room for (lower is better); bars are medians of seeds, whiskers quartiles",
		Label: chart.Count}
	for _, policy := range policies {
		picture.Series = append(picture.Series, chart.Series{Name: policy.name, Color: policy.color})
	}
	for _, shape := range crowded {
		holds := fmt.Sprint(shape.holds)
		if shape.holds == 0 {
			holds = "all"
		}
		picture.Groups = append(picture.Groups, fmt.Sprintf("%g, %s", shape.load, holds))
		for i, policy := range policies {
			c := crowdOf(shape.load, shape.holds)
			c.Policy = policy.name
			o, err := seeds(n, c)
			if err != nil {
				return p, err
			}
			p.rows = append(p.rows, []string{fmt.Sprint(shape.load), holds, policy.name, stats.Spread(o.cold, "%.2f"), stats.Spread(o.inits, "%.2f"), stats.Spread(o.p50, "%.0f"), stats.Spread(o.p99, "%.0f")})
			picture.Series[i].Values = append(picture.Series[i].Values, o.cold.Quartiles())
		}
	}
	p.draw = picture.Draw
	return p, nil
}

func crowdOf(load float64, holds int) simulator.Config {
	c := simulator.Config{Length: 120 * time.Second, WarmUp: 30 * time.Second}
	for range crowdServers {
		c.Servers = append(c.Servers, simulator.Server{Speed: 1, Slots: crowdSlots, Holds: holds})
	}
	sum := 0.0
	for i := range crowdFunctions {
		sum += 1 / float64(i+1)
	}
	for i := range crowdFunctions {
		f := simulator.Function{Median: 50 * time.Millisecond, Sigma: 1, Init: time.Second}
		f.Rate = load * crowdServers * crowdSlots / f.Mean().Seconds() / float64(i+1) / sum
		c.Functions = append(c.Functions, f)
	}
	return c
}
