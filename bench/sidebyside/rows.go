package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/chart"
)

// byArm has a row for each arm that was measured, a column for each case.
func (r *results) byArm(cases []string, metric string, order []string) (rows [][]string) {
	for _, arm := range order {
		row, there := []string{arms.Label(arm)}, false
		for _, name := range cases {
			values := r.series(name, arm, metric)
			there = there || values != nil
			row = append(row, spread(values))
		}
		if there {
			rows = append(rows, row)
		}
	}
	return rows
}

func (r *results) cpuTable() (rows [][]string) {
	for _, name := range []string{run12, crowd12} {
		for _, arm := range nativeOrder {
			if r.series(name, arm, p50) == nil {
				continue
			}
			row := []string{arms.Label(arm), map[string]string{run12: "1", crowd12: fmt.Sprint(many)}[name]}
			for _, part := range []string{arms.PartContainer, arms.PartServer, arms.PartFunctions, partGenerator} {
				row = append(row, spread(r.series(name, arm, cpuPerRun(part))))
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func (r *results) initTable() (rows [][]string) {
	cases := []string{initPython}
	for _, bytes := range r.sizes {
		cases = append(cases, initCase(bytes))
	}
	for _, name := range cases {
		for _, arm := range []string{arms.Exchange, arms.Direct, arms.DirectApache, arms.Shipped, arms.Ours, arms.OursPython, arms.OursExecuted} {
			if first := r.series(name, arm, initFirst); first != nil {
				rows = append(rows, []string{arms.Label(arm), strings.TrimPrefix(name, "init, "), spread(first), spread(r.series(name, arm, initSecond)), spread(r.series(name, arm, firstRun))})
			}
		}
	}
	return rows
}

func (r *results) sleepTable() (rows [][]string) {
	for _, arm := range []string{arms.Best, arms.Ours} {
		for _, n := range []int{1, many} {
			if values := r.series(sleepCase(n), arm, rate); values != nil {
				rows = append(rows, []string{arms.Label(arm), fmt.Sprint(n), spread(values)})
			}
		}
	}
	return rows
}

func (r *results) memoryTable() (rows [][]string) {
	for _, pair := range [][2]string{{arms.ServerApache, arms.Best}, {arms.ServerOurs, arms.Ours}} {
		server := r.series(memoryCase(0), pair[0], resident(arms.PartServer))
		if server != nil {
			rows = append(rows, []string{arms.Label(pair[0]), spread(server), spread(r.series(memoryCase(r.functions), pair[0], resident(arms.PartServer))),
				spread(r.perFunction(pair[0], resident(arms.PartServer))), spread(r.perFunction(pair[0], treePSS)),
				spread(r.series(crowd12, pair[1], resident(arms.PartContainer)))})
		}
	}
	return rows
}

func (r *results) answersTable() (rows [][]string) {
	for _, arm := range slices.Sorted(maps.Keys(r.Answers)) {
		a := r.Answers[arm]
		var which []string
		for _, message := range slices.Sorted(maps.Keys(a.Messages)) {
			which = append(which, fmt.Sprintf("%d × %s", a.Messages[message], strings.Join(strings.Fields(message), " ")))
		}
		rows = append(rows, []string{arms.Label(arm), chart.Thousands(a.Right), chart.Thousands(a.Failed), strings.ReplaceAll(strings.Join(which, "; "), "|", "\\|")})
	}
	return rows
}
