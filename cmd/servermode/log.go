package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/servermode"
)

// autoLog in the place of a file leaves it to the server where its own log goes.
const autoLog = "auto"

// logPath is where the server's own log goes. To a caller without our headers the
// server is a runtime container, whose stdout and stderr are its function's. Such a
// caller has no token, and whoever collects these streams reads a pipe of each. A
// person who pipes both into one program means to read the log.
func (f flags) logPath() string {
	if f.Log != autoLog {
		return f.Log
	}
	if f.TokenFile == "" && areTwoPipes(os.Stdout, os.Stderr) {
		if path, ok := servermode.LogFile(f.StateDir); ok {
			return path
		}
	}
	return "stderr"
}

func areTwoPipes(one, other *os.File) bool {
	first, err := one.Stat()
	if err != nil || first.Mode()&os.ModeNamedPipe == 0 {
		return false
	}
	second, err := other.Stat()
	return err == nil && second.Mode()&os.ModeNamedPipe != 0 && !os.SameFile(first, second)
}

// Start says on stderr what keeps the server from starting, if the log is elsewhere:
// no function has the streams by then. What is wrong with the configuration is said
// there anyway.
func (r *reloading) Start() error {
	err := r.Server.Start()
	if err != nil && r.logPath != "stderr" && !errors.Is(err, daemon.ErrConfig) {
		fmt.Fprintf(os.Stderr, "servermode: cannot start: %v\n", err)
	}
	return err
}
