package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

// Metrics, with their units.
const (
	p50         = "p50, µs"
	p99         = "p99, µs"
	rate        = "runs/s"
	initFirst   = "first container, ms"
	initSecond  = "second container, ms"
	firstRun    = "first run, ms"
	treePSS     = "all processes, PSS, MiB"
	allocsPer   = "allocations per run"
	maxMessages = 8 // that are kept of what went wrong with an arm
)

func cpuPerRun(part string) string { return part + ", µs of CPU per run" }

func resident(part string) string { return part + ", RSS, MiB" }

// results is all that one session has measured.
type results struct {
	Machine  *machine            `json:"machine"`
	Quick    bool                `json:"quick"` // no figure counts
	Rounds   int                 `json:"rounds"`
	Series   []*series           `json:"series"`
	Answers  map[string]*answers `json:"answers"` // by arm
	Verdicts []verdict           `json:"budgets"`

	functions int // that were idle
	sizes     []int
}

// series is one figure of an arm in a case, a value for each round.
type series struct {
	Case   string       `json:"case"`
	Arm    string       `json:"arm"`
	Metric string       `json:"metric"`
	Values stats.Rounds `json:"values"`
}

func newResults(s scale, m *machine) *results {
	return &results{Machine: m, Quick: s.quick, Rounds: s.rounds, Answers: map[string]*answers{}, functions: s.functions, sizes: s.sizes}
}

// note notes a round's value.
func (r *results) note(name, arm, metric string, round int, value float64) {
	var s *series
	if i := slices.IndexFunc(r.Series, func(s *series) bool { return s.Case == name && s.Arm == arm && s.Metric == metric }); i >= 0 {
		s = r.Series[i]
	} else {
		s = &series{Case: name, Arm: arm, Metric: metric}
		r.Series = append(r.Series, s)
	}
	for len(s.Values) <= round {
		s.Values = append(s.Values, math.NaN())
	}
	s.Values[round] = value
}

// series is nil if nothing was measured.
func (r *results) series(name, arm, metric string) stats.Rounds {
	for _, s := range r.Series {
		if s.Case == name && s.Arm == arm && s.Metric == metric {
			return s.Values
		}
	}
	return nil
}

// read reads the results of an earlier session.
func read(dir string) (*results, error) {
	text, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		return nil, err
	}
	r := newResults(full, nil)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, err
	}
	if r.Quick {
		r.functions, r.sizes = quick.functions, quick.sizes
	}
	return r, nil
}

// write writes all files.
func (r *results) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	slices.SortStableFunc(r.Series, func(a, b *series) int { // turns are taken in any order
		return cmp.Or(cmp.Compare(a.Case, b.Case), cmp.Compare(a.Arm, b.Arm), cmp.Compare(a.Metric, b.Metric))
	})
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	var budgets, tables strings.Builder
	fmt.Fprintf(&budgets, "# Budgets\n\n%s\n\n", r.Machine.words(r.Quick))
	r.budgetsTable(&budgets)
	fmt.Fprint(&budgets, "\nA ratio is taken within a round, so that a moment's noise of the host affects both sides of it.\n"+
		"The container with nothing remote is Apache's ActionLoop proxy where `PEER_BIN` names it, else our own that does the same work.\n"+
		"The least a second host can cost is a chain of the same exchanges with net/http, without a runtime.\nPython functions with numpy: `./coldstart`.\n")
	fmt.Fprintf(&tables, "# Side by side\n\n%s\n", r.Machine.words(r.Quick))
	r.tables(&tables)
	err = os.WriteFile(filepath.Join(dir, "results.json"), append(text, '\n'), 0o644)
	err = errors.Join(err, os.WriteFile(filepath.Join(dir, "budgets.md"), []byte(budgets.String()), 0o644))
	err = errors.Join(err, os.WriteFile(filepath.Join(dir, "tables.md"), []byte(tables.String()), 0o644))
	return errors.Join(err, r.plots(dir))
}
