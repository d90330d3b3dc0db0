package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// versionFlag prints the version and ends.
type versionFlag bool

// BeforeReset is called before anything else of the line is looked at.
func (versionFlag) BeforeReset(app *kong.Kong) error {
	fmt.Fprintln(app.Stdout, "whiskaway", daemon.Version())
	app.Exit(0)
	return nil
}
