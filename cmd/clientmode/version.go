package main

import "github.com/whiskaway/whiskaway/internal/daemon"

// version says what was built.
func version() string { return daemon.Version() }
