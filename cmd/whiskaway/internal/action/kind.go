package action

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Kinds that a name implies. The platform calls the version that a host happens
// to have "default".
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

// kindOf guesses a kind by the file's extension. Empty leaves it to the server.
func kindOf(path string) string { return kindsBySuffix[filepath.Ext(path)] }

// kindOfFolder guesses a kind by the file that each one requires at the root of
// its archive. Empty leaves it to the server.
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

// checkFolder returns an error that names the file to rename, where that alone
// keeps a folder from being an action.
func (s Source) checkFolder() error {
	if s.ForcedKind == "" && kindOfFolder(s.Path) != "" {
		return nil
	}
	for _, want := range []struct{ kind, ending, name, instead string }{
		{kindPython, ".py", "__main__.py", ""}, {kindNode, ".js", "index.js", "package.json"},
	} {
		family, _, _ := strings.Cut(want.kind, ":")
		if s.ForcedKind != "" && !strings.HasPrefix(s.ForcedKind, family) || s.has(want.name) || want.instead != "" && s.has(want.instead) || s.has("exec") {
			continue
		}
		files, err := filepath.Glob(filepath.Join(s.Path, "*"+want.ending))
		if err != nil || len(files) == 0 {
			continue
		}
		main := filepath.Base(files[0])
		if len(files) == 1 {
			return fmt.Errorf("%s has no %s: if %s has the function to call, name it %s, or give that file instead of the folder", s.Path, want.name, main, want.name)
		}
		return fmt.Errorf("%s has no %s: the file with the function to call (%s, say) must be named so: name it %s", s.Path, want.name, main, want.name)
	}
	return nil
}

func (s Source) has(name string) bool {
	info, err := os.Stat(filepath.Join(s.Path, name))
	return err == nil && info.Mode().IsRegular()
}
