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
// caller has no token, and whoever collects these streams reads a pipe.
func (f flags) logPath() string {
	if f.Log != autoLog {
		return f.Log
	}
	if f.TokenFile == "" && isPipe(os.Stderr) {
		if path, ok := servermode.LogFile(f.StateDir); ok {
			return path
		}
	}
	return "stderr"
}

func isPipe(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeNamedPipe != 0
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
