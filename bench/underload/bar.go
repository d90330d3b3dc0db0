package main

import (
	"fmt"
	"os"

	"github.com/schollz/progressbar/v3"
)

// newBar shows on stderr how far a figure is, on a terminal only: elsewhere it
// would fill a log.
func newBar(steps int, what string) *progressbar.ProgressBar {
	info, err := os.Stderr.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return progressbar.NewOptions(steps, progressbar.OptionSetVisibility(terminal), progressbar.OptionSetDescription(what),
		progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowCount(), progressbar.OptionSetWidth(40),
		progressbar.OptionOnCompletion(func() {
			if terminal {
				fmt.Fprintln(os.Stderr)
			}
		}))
}
