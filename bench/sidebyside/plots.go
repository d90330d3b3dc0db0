package main

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"strings"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/chart"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

// colors are the same in all pictures: grey is the floor, green a container
// with nothing remote, orange OpenServerless, blue Whiskaway.
var colors = map[string]color.Color{
	arms.Exchange: color.Gray{0xc8}, arms.Floor: color.Gray{0x90},
	arms.Direct: rgb(0x9fd3a7), arms.DirectApache: rgb(0x4c9f70), arms.Plain: rgb(0x1f6f54),
	arms.Shipped: rgb(0xf6c48a), arms.Best: rgb(0xe08214), arms.ServerApache: rgb(0xe08214),
	arms.Ours: rgb(0x2166ac), arms.ServerOurs: rgb(0x2166ac), arms.OursPython: rgb(0x67a9cf), arms.OursExecuted: rgb(0xb3d1e6),
}

func rgb(hex uint32) color.Color {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 0xff}
}

// plots draws what was measured.
func (r *results) plots(dir string) (err error) {
	for name, c := range map[string]chart.Chart{
		"latency.png":        r.latencyChart("Latency of a run: a native function that returns its argument, one caller, one CPU", native, nativeOrder),
		"latency-python.png": r.latencyChart("Latency of a run: a Python function that returns its argument, one caller, one CPU", python, pythonOrder),
		"throughput.png":     r.throughputChart(),
		"init.png":           r.initChart(),
		"memory.png":         r.memoryChart(),
	} {
		if len(c.Series) > 0 {
			err = errors.Join(err, c.Draw(filepath.Join(dir, name)))
		}
	}
	return err
}

// bars returns an arm's figures in some cases; false if there is none.
func (r *results) bars(arm, metric, label string, cases []string, unit float64) (chart.Series, bool) {
	s, there := chart.Series{Name: label, Color: colors[arm]}, false
	for _, name := range cases {
		q := r.series(name, arm, metric).Quartiles()
		there = there || !math.IsNaN(q.Median)
		s.Values = append(s.Values, stats.Quartiles{Lower: q.Lower * unit, Median: q.Median * unit, Upper: q.Upper * unit})
	}
	return s, there
}

func (r *results) each(order, cases []string, metric string) (out []chart.Series) {
	for _, arm := range order {
		if s, there := r.bars(arm, metric, arms.Label(arm), cases, 1); there {
			out = append(out, s)
		}
	}
	return out
}

func (r *results) latencyChart(title, action string, order []string) chart.Chart {
	groups := []string{}
	for _, payload := range payloads {
		groups = append(groups, size(payload))
	}
	return chart.Chart{Title: title, Y: "median time from request to answer, by size of the argument (logarithmic; lower is better); dots are medians of rounds, whiskers quartiles", Groups: groups, Logarithm: true, Label: chart.Duration, Series: r.each(order, loadCases(1, action), p50)}
}

func (r *results) throughputChart() chart.Chart {
	var groups, cases []string
	for _, c := range crowds {
		groups = append(groups, fmt.Sprintf("%s, %d callers", size(c.payload), c.callers))
		cases = append(cases, loadCase(c.payload, native, c.callers))
	}
	return chart.Chart{Title: "Throughput of one process of a native function", Y: "runs/s, by size of the argument (logarithmic; higher is better); dots are medians of rounds, whiskers quartiles", Groups: groups, Logarithm: true, Label: chart.Count,
		Series: r.each(nativeOrder, cases, rate)}
}

func (r *results) initChart() chart.Chart {
	cases, groups := []string{initPython}, []string{"Python source"}
	for _, bytes := range r.sizes {
		cases, groups = append(cases, initCase(bytes)), append(groups, size(bytes)+" zip")
	}
	var all []chart.Series
	for _, arm := range []string{arms.Exchange, arms.DirectApache, arms.Shipped, arms.Ours, arms.OursPython} {
		for _, metric := range []string{initFirst, initSecond} {
			label := arms.Label(arm)
			if strings.HasPrefix(arm, "openserverless") {
				label = "OpenServerless"
			}
			if r.series(cases[0], arm, initSecond) != nil || r.series(cases[len(cases)-1], arm, initSecond) != nil {
				label += ", " + strings.TrimSuffix(metric, ", ms")
			}
			s, there := r.bars(arm, metric, label, cases, 1000)
			if metric == initSecond {
				s.Color = lighter(s.Color)
			}
			if there {
				all = append(all, s)
			}
		}
	}
	return chart.Chart{Title: "Init, from its first byte until the function is ready", Y: "time, by size of the code (logarithmic; lower is better); dots are medians of rounds, whiskers quartiles", Groups: groups, Logarithm: true, Label: chart.Duration, Series: all}
}

// lighter is halfway to white.
func lighter(c color.Color) color.Color {
	r, g, b, _ := c.RGBA()
	half := func(v uint32) uint8 { return uint8((v>>8 + 0xff) / 2) }
	return color.RGBA{half(r), half(g), half(b), 0xff}
}

func (r *results) memoryChart() chart.Chart {
	c := chart.Chart{Title: "Memory that one idle native function adds", Y: "KiB (lower is better); bars are medians of rounds, whiskers quartiles", Label: chart.Count,
		Groups: []string{"the server's own", "all processes, shared memory divided"}}
	for _, arm := range []string{arms.ServerApache, arms.ServerOurs} {
		own, tree := r.perFunction(arm, resident(arms.PartServer)), r.perFunction(arm, treePSS)
		if len(own) > 0 {
			c.Series = append(c.Series, chart.Series{Name: arms.Label(arm), Color: colors[arm], Values: []stats.Quartiles{own.Quartiles(), tree.Quartiles()}})
		}
	}
	return c
}
