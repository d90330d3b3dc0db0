//go:build !linux

package main

import (
	"fmt"
	"os"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

func main() {
	fmt.Fprintln(os.Stderr, "servermode: runs on Linux only, whose namespaces, control groups and signals hold its functions; clients, balancers and whiskaway run elsewhere too")
	os.Exit(daemon.ExitFailed)
}
