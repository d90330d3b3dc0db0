package settings

import "strings"

// Nearest returns the flag that an unknown name probably meant, empty if no
// flag is similar.
func Nearest(name string, all []*Setting) (best string) {
	written := plain(name)
	least := max(2, len(written)/3) + 1
	for _, s := range all {
		if d := distance(written, plain(s.Flag)); d < least {
			best, least = s.Flag, d
		}
	}
	return best
}

// plain returns a name without the differences between the spellings of a flag,
// a variable and a key.
func plain(name string) string {
	name = strings.TrimPrefix(strings.ToLower(name), "whiskaway_")
	return strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(name)
}

// distance returns how many letters must be inserted, removed or replaced to
// turn one word into the other.
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
