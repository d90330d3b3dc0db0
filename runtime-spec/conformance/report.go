package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Verdict is the verdict on a case.
type Verdict int

const (
	Passed Verdict = iota
	Failed
	NotChecked
)

func (v Verdict) String() string {
	switch v {
	case Passed:
		return "passed"
	case Failed:
		return "failed"
	case NotChecked:
		return "not checked"
	default:
		return fmt.Sprintf("Verdict(%d)", int(v))
	}
}

// Outcome is a case and its verdict.
type Outcome struct {
	Case    Case
	Verdict Verdict
	// Why is the reason, unless the case passed.
	Why  error
	Took time.Duration
}

// Report is the outcome of several cases, in the order in which they ran.
type Report []Outcome

// Run checks the cases one after the other. If ctx ends, the remaining cases
// are reported as not checked.
func Run(ctx context.Context, t Target, cases []Case) Report {
	report := make(Report, 0, len(cases))
	for _, c := range cases {
		report = append(report, outcome(ctx, t, c))
	}
	return report
}

func outcome(ctx context.Context, t Target, c Case) Outcome {
	if err := context.Cause(ctx); err != nil {
		return Outcome{Case: c, Verdict: NotChecked, Why: fmt.Errorf("%w: %w", ErrNotChecked, err)}
	}
	began := time.Now()
	err := Check(ctx, t, c)
	o := Outcome{Case: c, Why: err, Took: time.Since(began)}
	switch {
	case errors.Is(err, ErrNotChecked):
		o.Verdict = NotChecked
	case err != nil:
		o.Verdict = Failed
	}
	return o
}

// Count returns how many outcomes have the verdict.
func (r Report) Count(v Verdict) int {
	n := 0
	for _, o := range r {
		if o.Verdict == v {
			n++
		}
	}
	return n
}

// WriteTo writes the report as a table for a reader: one line for each case,
// which says whether the demand is our own; the reason below a verdict that is
// no pass; and a summary.
func (r Report) WriteTo(w io.Writer) (int64, error) {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	for _, o := range r {
		own := ""
		if o.Case.Own {
			own = " (own)"
		}
		fmt.Fprintf(table, "%v\t%s\t%s%s\n", o.Verdict, o.Case.ID, o.Case.Behaviour, own)
		if o.Why != nil {
			fmt.Fprintf(table, "\t\t  %s\n", strings.ReplaceAll(o.Why.Error(), "\n", "; "))
		}
	}
	if err := table.Flush(); err != nil {
		return 0, err
	}
	fmt.Fprintf(&text, "\n%d passed, %d failed, %d not checked\n",
		r.Count(Passed), r.Count(Failed), r.Count(NotChecked))
	n, err := io.WriteString(w, text.String())
	return int64(n), err
}
