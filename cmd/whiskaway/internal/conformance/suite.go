package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/target"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

// suite is the cases of one kind and their outcomes.
type suite struct {
	kind   string
	cases  []conformance.Case
	report conformance.Report
}

// Validate reports usage errors before Run.
func (c *Command) Validate() error {
	switch {
	case c.List:
	case (c.URL == "") == (c.Exec == ""):
		return errors.New("either the URL of a runtime or --exec is needed")
	case c.Restart != "" && c.URL == "":
		return errors.New("--restart goes with a URL; --exec starts a container for each case itself")
	case len(c.Kind) == 0:
		return fmt.Errorf("--kind says which cases the runtime can meet: %s", strings.Join(conformance.Kinds(), ", "))
	case c.Exec != "" && !strings.Contains(c.Exec, "{port}"):
		return errors.New("--exec must hand on the {port} to serve on")
	}
	if _, err := c.needs(); err != nil {
		return err
	}
	if c.URL != "" {
		var err error
		if c.URL, err = target.URL(c.URL, target.DefaultRuntime); err != nil {
			return err
		}
	}
	suites, err := c.suites()
	if err == nil && c.URL != "" && c.oneContainer() && len(suites) > 1 {
		err = errors.New("one container serves one kind: give one --kind, or --restart")
	}
	return err
}

// suites returns the selected cases by kind.
func (c *Command) suites() ([]suite, error) {
	kinds := c.Kind
	if len(kinds) == 0 {
		kinds = conformance.Kinds()
	}
	var suites []suite
	found := map[string]bool{}
	for _, asked := range kinds {
		kind, err := suiteKind(asked)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(suites, func(s suite) bool { return s.kind == kind }) {
			continue
		}
		cases := conformance.For(kind)
		if len(c.Case) > 0 {
			cases = slices.DeleteFunc(cases, func(one conformance.Case) bool { return !slices.Contains(c.Case, one.ID) })
		}
		for _, one := range cases {
			found[one.ID] = true
		}
		suites = append(suites, suite{kind: kind, cases: cases})
	}
	for _, id := range c.Case {
		if !found[id] {
			return nil, fmt.Errorf("there is no case %q for %s: --list shows them", id, strings.Join(kinds, ", "))
		}
	}
	return slices.DeleteFunc(suites, func(s suite) bool { return len(s.cases) == 0 }), nil
}

// suiteKind returns the suite's kind for one like python or python:3.12.
func suiteKind(asked string) (string, error) {
	name, _, _ := strings.Cut(asked, ":")
	for _, kind := range conformance.Kinds() {
		if base, _, _ := strings.Cut(kind, ":"); base == name {
			return kind, nil
		}
	}
	return "", fmt.Errorf("--kind %s: there are cases for %s", asked, strings.Join(conformance.Kinds(), ", "))
}

func countCases(suites []suite) int {
	n := 0
	for _, s := range suites {
		n += len(s.cases)
	}
	return n
}

// run checks the cases in turn and calls done after each.
func (s *suite) run(ctx context.Context, target conformance.Target, oneContainer bool, done func()) {
	s.report = make(conformance.Report, len(s.cases))
	used := "" // the case that has, or may have, initialised the one container
	for _, i := range s.order(oneContainer) {
		one := s.cases[i]
		if used != "" {
			s.report[i] = skipped(one, fmt.Errorf("it needs a fresh container, and this one was used by %s: give --restart or --exec", used))
			done()
			continue
		}
		s.report[i] = conformance.Run(ctx, target, []conformance.Case{one})[0]
		verdict := s.report[i].Verdict
		if oneContainer && (verdict == conformance.Failed || verdict == conformance.Passed && !one.KeepsFresh()) {
			used = one.ID
		}
		if err := context.Cause(ctx); err != nil && verdict == conformance.Failed { // cut short
			s.report[i] = skipped(one, err)
		}
		done()
	}
}

func skipped(c conformance.Case, why error) conformance.Outcome {
	return conformance.Outcome{Case: c, Verdict: conformance.NotChecked, Why: fmt.Errorf("%w: %w", conformance.ErrNotChecked, why)}
}

// order returns the indexes of the cases in the order to run them. A single
// container first gets the cases that leave it fresh, then the most telling one.
func (s *suite) order(oneContainer bool) []int {
	order := make([]int, len(s.cases))
	for i := range order {
		order[i] = i
	}
	if oneContainer {
		rank := func(i int) int {
			switch one := s.cases[i]; {
			case one.KeepsFresh():
				return 0
			case one.ID == "run-before-init":
				return 1
			}
			return 2
		}
		slices.SortStableFunc(order, func(a, b int) int { return rank(a) - rank(b) })
	}
	return order
}
