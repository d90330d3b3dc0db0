package main

import (
	"os"
	"path/filepath"
)

// Kinds that a name tells. The platform's own name for the version that a host
// happens to have is "default".
const (
	kindPython = "python:3"
	kindNode   = "nodejs:default"
	kindGo     = "go:default"
	kindNative = "native"
)

var kindsBySuffix = map[string]string{
	".py": kindPython, ".js": kindNode, ".cjs": kindNode, ".mjs": kindNode, ".go": kindGo,
	".java": "java:default", ".php": "php:default",
}

// kindOf guesses a kind by the file's name; empty leaves it to the server.
func kindOf(path string) string { return kindsBySuffix[filepath.Ext(path)] }

// kindOfFolder guesses a kind by the files that each one wants at the root of
// its archive; empty leaves it to the server.
func kindOfFolder(dir string) string {
	for _, mark := range []struct{ file, kind string }{
		{"__main__.py", kindPython}, {"package.json", kindNode}, {"index.js", kindNode}, {"exec", kindNative}, {"go.mod", kindGo}, {"main.go", kindGo},
	} {
		if info, err := os.Stat(filepath.Join(dir, mark.file)); err == nil && info.Mode().IsRegular() {
			return mark.kind
		}
	}
	return ""
}
