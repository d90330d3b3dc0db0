package zygote

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// unfit returns why a program cannot be forked now, empty if it can.
func (p *Parent) unfit(program Program) Cause {
	l, cause := p.current()
	switch {
	case l == nil:
		return cause
	case l.hello.CUDA:
		return CUDA
	case !p.env.suits(program.Env):
		return Environment
	case l.hello.shadowed(program):
		return Shadowed
	}
	return ""
}

// shadowed reports whether a program may bring a module that the parent has
// imported. The program's own module has to win, as it would in an interpreter of
// its own. A virtual environment comes after the standard library, so it can hide
// only foreign modules. A program that hides the host's packages must not see any
// imported one of them, so it is shadowed too.
func (h hello) shadowed(program Program) bool {
	if (folder{program.Folder, "."}).brings(h.Names) {
		return true
	}
	own := folder{program.Folder, "virtualenv"}
	if _, err := os.Lstat(filepath.Join(own.base, own.name)); err == nil {
		found, all := own.packages()
		if len(found) == 0 || !all || slices.ContainsFunc(found, func(dir folder) bool { return dir.brings(h.Names) || dir.leadsElsewhere() }) {
			return true
		}
	}
	if home, ok := variable(program.Env, "HOME"); ok {
		if _, err := os.Lstat(filepath.Join(home, ".local")); err == nil { // may have a user's packages
			return true
		}
	}
	if program.Venv == "" || len(h.Foreign) == 0 {
		return false
	}
	found, all := folder{program.Venv, "."}.packages()
	return program.Apart || !all || slices.ContainsFunc(found, func(dir folder) bool { return dir.brings(h.Foreign) || dir.leadsElsewhere() })
}

// variable returns the last value that an environment has for a name.
func variable(env []string, name string) (value string, ok bool) {
	for _, entry := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// installersPth are the .pth files that installers make. Our own, host.pth, names
// only what the owner's interpreter has anyhow.
var installersPth = []string{"distutils-precedence.pth", "_virtualenv.pth", "host.pth"}

// leadsElsewhere reports whether a .pth file may add folders with more modules.
func (f folder) leadsElsewhere() bool {
	entries, err := f.list()
	return !complete(err) || slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		return strings.HasSuffix(entry.Name(), ".pth") && !slices.Contains(installersPth, entry.Name())
	})
}
