package output

import (
	"fmt"
	"os"

	"github.com/schollz/progressbar/v3"
)

// NewBar returns a progress bar on stderr. It is visible on a terminal only:
// elsewhere it would fill a log.
func NewBar(steps int, what string) *progressbar.ProgressBar {
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
