package load

import (
	"bytes"

	"github.com/whiskaway/whiskaway/bench/internal/actionloop"
)

// sameJSON reports whether two JSON texts differ in white space at most, which
// runtimes may put between the tokens. Other spellings (escapes, numbers, the
// order of members) count as different.
func sameJSON(a, b []byte) bool {
	for {
		a, b = bytes.TrimLeft(a, space), bytes.TrimLeft(b, space)
		if len(a) == 0 || len(b) == 0 {
			return len(a) == len(b)
		}
		n := 1
		if a[0] == '"' {
			n = actionloop.StringLength(a)
		}
		if n > len(b) || !bytes.Equal(a[:n], b[:n]) {
			return false
		}
		a, b = a[n:], b[n:]
	}
}

const space = " \t\r\n"
