//go:build !race

package harness

// raceFlag has the binaries built as the tests are: without the race detector,
// which needs a C compiler.
var raceFlag []string
