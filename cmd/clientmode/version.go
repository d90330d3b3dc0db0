package main

import (
	"runtime"
	"runtime/debug"
)

// version is the module's, or the revision that this was built from.
func version() string {
	const unknown = "(devel)"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	text := info.Main.Version
	if text == "" {
		text = unknown
	}
	if text == unknown {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				text += " " + s.Value
			}
		}
	}
	return text + " " + runtime.Version()
}
