package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/whiskaway/whiskaway/bench/internal/table"
)

// result is what a figure measured.
type result struct {
	Figure  string               `json:"figure"`
	Columns []string             `json:"columns"`
	Rows    [][]string           `json:"rows"`
	Goals   []goal               `json:"goals"`
	Samples map[string][]float64 `json:"samples"` // what the table is made from
}

// goal is what was wanted, and whether it was reached.
type goal struct {
	What     string `json:"what"`
	Wanted   string `json:"wanted"`
	Measured string `json:"measured"`
	Held     bool   `json:"held"`
}

func (r *result) sample(name string, value float64) {
	if r.Samples == nil {
		r.Samples = map[string][]float64{}
	}
	r.Samples[name] = append(r.Samples[name], value)
}

func (r *result) row(cells ...string) { r.Rows = append(r.Rows, cells) }

// print writes the tables, which are Markdown too.
func (r *result) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n\n", r.Figure)
	table.Write(w, r.Columns, r.Rows)
	var rows [][]string
	for _, g := range r.Goals {
		verdict := "missed"
		if g.Held {
			verdict = "held"
		}
		rows = append(rows, []string{g.What, g.Wanted, g.Measured, verdict})
	}
	fmt.Fprintln(w)
	table.Write(w, []string{"goal", "wanted", "measured", "verdict"}, rows)
}

func writeJSON(path string, results []result) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
