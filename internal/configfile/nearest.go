package configfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// instead says which setting was probably meant by a key that is none, or which
// there are.
func instead(key string, allowed map[string]*kong.Flag) string {
	names := slices.Sorted(maps.Keys(allowed))
	written := plain(key)
	best, least := "", max(2, len(written)/3)+1
	for _, name := range names {
		if d := distance(written, plain(name)); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return "there are: " + strings.Join(names, ", ")
	}
	return fmt.Sprintf("did you mean %s?", best)
}

// plain is a name without what is spelled in several ways: the form of a flag,
// of a variable and of a key elsewhere.
func plain(name string) string {
	name = strings.TrimPrefix(strings.ToLower(name), "whiskaway_")
	return strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(name)
}

// distance is how many letters must be inserted, removed or replaced to make one
// word of the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0] // of the row above, one to the left
		row[0] = i + 1
		for j := range len(b) {
			same := before
			if a[i] != b[j] {
				same++
			}
			before = row[j+1]
			row[j+1] = min(same, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
