package zygote

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// unfit is why a program cannot be forked now, empty if it can.
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

// shadowed reports whether a program may bring a module that is loaded in the
// parent: its own has to win, as it would in an interpreter of its own. What
// comes after the standard library can only hide foreign modules.
func (h hello) shadowed(program Program) bool {
	if brings(program.Folder, h.Names) {
		return true
	}
	own := filepath.Join(program.Folder, "virtualenv")
	if _, err := os.Lstat(own); err == nil {
		found := packages(own)
		if len(found) == 0 || slices.ContainsFunc(found, func(dir string) bool { return brings(dir, h.Names) || leadsElsewhere(dir) }) {
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
	return slices.ContainsFunc(packages(program.Venv), func(dir string) bool { return brings(dir, h.Foreign) || leadsElsewhere(dir) })
}

// variable is the last that an environment has of a name.
func variable(env []string, name string) (value string, ok bool) {
	for _, entry := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// packages are the site-packages of a virtual environment.
func packages(venv string) []string {
	lib := filepath.Join(venv, "lib")
	versions, _ := os.ReadDir(lib)
	var out []string
	for _, version := range versions {
		dir := filepath.Join(lib, version.Name(), "site-packages")
		if info, err := os.Stat(dir); err == nil && info.IsDir() && strings.HasPrefix(version.Name(), "python3") {
			out = append(out, dir)
		}
	}
	return out
}

// brings reports whether a folder holds a module of one of the names, as a file
// or a folder.
func brings(dir string, names []string) bool {
	entries, _ := os.ReadDir(dir)
	return slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		name, _, dotted := strings.Cut(entry.Name(), ".")
		code := slices.Contains([]string{".py", ".pyc", ".so"}, filepath.Ext(entry.Name()))
		return slices.Contains(names, name) && (code || !dotted && !entry.Type().IsRegular())
	})
}

// harmless are the .pth files that installers make; ours names what the owner's
// interpreter has anyhow.
var harmless = []string{"distutils-precedence.pth", "_virtualenv.pth", "host.pth"}

// leadsElsewhere reports whether a .pth file may add folders with more modules.
func leadsElsewhere(dir string) bool {
	entries, _ := os.ReadDir(dir)
	return slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		return strings.HasSuffix(entry.Name(), ".pth") && !slices.Contains(harmless, entry.Name())
	})
}
