package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// versionFlag prints the version and ends.
type versionFlag bool

// BeforeReset runs before kong looks at the rest of the line.
func (versionFlag) BeforeReset(app *kong.Kong) error {
	fmt.Fprintln(app.Stdout, "whiskaway", daemon.Version())
	app.Exit(0)
	return nil
}
