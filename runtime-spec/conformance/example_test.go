//go:build unix

package conformance_test

import (
	"context"
	"os"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

// All cases for Python, against a server that is started for each.
func ExampleRun() {
	target := conformance.Exec{Command: []string{"servermode", "--listen", "127.0.0.1:{port}"}, Needs: conformance.NeedsAck}
	report := conformance.Run(context.Background(), target, conformance.For(conformance.Python))
	if _, err := report.WriteTo(os.Stdout); err != nil {
		panic(err)
	}
	if report.Count(conformance.Failed) > 0 {
		os.Exit(1)
	}
}
