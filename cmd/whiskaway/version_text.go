package main

import "github.com/whiskaway/whiskaway/internal/daemon"

// versionText is the version of this build.
func versionText() string { return daemon.Version() }
