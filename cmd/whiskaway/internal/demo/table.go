package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// frame is a picture and the plates on it.
type frame struct {
	name  string
	image []byte
	truth []string
}

// readFrames reads a folder's pictures with truth.json beside them.
func readFrames(dir string) ([]frame, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		return nil, err
	}
	var truth map[string]struct{ Plates []struct{ Text string } }
	if err := json.Unmarshal(raw, &truth); err != nil {
		return nil, fmt.Errorf("truth.json: %w", err)
	}
	var out []frame
	for _, name := range slices.Sorted(maps.Keys(truth)) {
		f := frame{name: name}
		if f.image, err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
		for _, p := range truth[name].Plates {
			f.truth = append(f.truth, p.Text)
		}
		out = append(out, f)
	}
	return out, nil
}

// row is one line of the demo's table.
type row struct {
	frame       string
	read, truth []string
	took        time.Duration
	server      *actor
	process     int
	note        string // what happened after it
}

// correct reports whether exactly the plates of the picture were read.
func (r row) correct() bool {
	read, truth := slices.Sorted(slices.Values(r.read)), slices.Sorted(slices.Values(r.truth))
	return slices.Equal(read, truth)
}

func (r row) cells() []string {
	mark := "✓"
	if !r.correct() {
		mark = "✗"
	}
	return []string{r.frame, orNone(r.read), orNone(r.truth), mark, fmt.Sprint(r.took.Milliseconds()), r.server.label, fmt.Sprint(r.process)}
}

func orNone(plates []string) string {
	if len(plates) == 0 {
		return "–"
	}
	return strings.Join(slices.Sorted(slices.Values(plates)), ", ")
}

var tableHead = []string{"frame", "plates read", "truth", "", "ms", "server", "process"}

// printTable prints the rows in columns, then how many plates were right.
func printTable(w io.Writer, rows []row) {
	lines := [][]string{tableHead}
	for _, r := range rows {
		lines = append(lines, r.cells())
	}
	width := make([]int, len(tableHead))
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	fmt.Fprintln(w)
	total := 2 * (len(width) - 1)
	for _, n := range width {
		total += n
	}
	for n, line := range lines {
		for i, cell := range line {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if right := i == 4 || i == 6; right {
				fmt.Fprint(w, pad, cell, "  ")
			} else {
				fmt.Fprint(w, cell, pad, "  ")
			}
		}
		fmt.Fprintln(w)
		switch {
		case n == 0:
			fmt.Fprintln(w, strings.Repeat("─", total))
		case rows[n-1].note != "":
			fmt.Fprintf(w, "── %s %s\n", rows[n-1].note, strings.Repeat("─", max(2, total-4-utf8.RuneCountInString(rows[n-1].note))))
		}
	}
	right, all := score(rows)
	fmt.Fprintf(w, "\n%d of %d plates read exactly as they are.\n", right, all)
}

// score counts the plates that were read, and all plates.
func score(rows []row) (right, all int) {
	for _, r := range rows {
		read := slices.Clone(r.read)
		for _, plate := range r.truth {
			all++
			if i := slices.Index(read, plate); i >= 0 {
				right++
				read = slices.Delete(read, i, i+1)
			}
		}
	}
	return right, all
}
