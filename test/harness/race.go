//go:build race

package harness

// raceFlag has the binaries built as the tests are.
var raceFlag = []string{"-race"}
