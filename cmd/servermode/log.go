//go:build linux

package main

import (
	"os"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/servermode"
)

// ownLog returns where the server's own log goes. To a caller without our headers the
// server is a runtime container, whose stdout and stderr are its function's. Such a
// caller has no token, and what collects these streams reads a pipe of each. A
// person who pipes both into one program means to read the log.
func ownLog(cfg servermode.Config) string {
	if cfg.TokenFile == "" && areTwoPipes(os.Stdout, os.Stderr) {
		if path, ok := servermode.LogFile(cfg.StateDir); ok {
			return path
		}
	}
	return daemon.Stderr
}

func areTwoPipes(one, other *os.File) bool {
	first, err := one.Stat()
	if err != nil || first.Mode()&os.ModeNamedPipe == 0 {
		return false
	}
	second, err := other.Stat()
	return err == nil && second.Mode()&os.ModeNamedPipe != 0 && !os.SameFile(first, second)
}
