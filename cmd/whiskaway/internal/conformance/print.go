package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

// print prints the suites as JSON with --json, else with table.
func (c *Command) print(suites []suite, table func(io.Writer, []suite) error) error {
	if !c.JSON {
		return table(os.Stdout, suites)
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(asJSON(suites))
}

func listCases(w io.Writer, suites []suite) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, s := range suites {
		fmt.Fprintf(table, "%s\n", s.kind)
		for _, one := range s.cases {
			fmt.Fprintf(table, "  %s\t%s%s\n", one.ID, one.Behaviour, ownMark(one))
		}
	}
	return table.Flush()
}

func ownMark(c conformance.Case) string {
	if c.Own {
		return " (own)"
	}
	return ""
}

func printReports(w io.Writer, suites []suite) error {
	for i, s := range suites {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\n\n", s.kind)
		if _, err := s.report.WriteTo(w); err != nil {
			return err
		}
	}
	return nil
}

// caseJSON is a case for other programs. A list has no verdict.
type caseJSON struct {
	Kind      string `json:"kind"`
	ID        string `json:"id"`
	Group     string `json:"group"`
	Behaviour string `json:"behaviour"`
	Own       bool   `json:"own"`
	Verdict   string `json:"verdict,omitempty"`
	Why       string `json:"why,omitempty"`
	Took      int64  `json:"ms,omitempty"`
}

func asJSON(suites []suite) map[string]any {
	cases := []caseJSON{}
	out := map[string]any{}
	for _, s := range suites {
		for i, one := range s.cases {
			row := caseJSON{Kind: s.kind, ID: one.ID, Group: one.Group, Behaviour: one.Behaviour, Own: one.Own}
			if s.report != nil {
				o := s.report[i]
				row.Verdict, row.Took = o.Verdict.String(), o.Took.Milliseconds()
				if o.Why != nil {
					row.Why = o.Why.Error()
				}
			}
			cases = append(cases, row)
		}
	}
	out["cases"] = cases
	if len(suites) > 0 && suites[0].report != nil {
		for name, v := range map[string]conformance.Verdict{"passed": conformance.Passed, "failed": conformance.Failed, "notChecked": conformance.NotChecked} {
			n := 0
			for _, s := range suites {
				n += s.report.Count(v)
			}
			out[name] = n
		}
	}
	return out
}
