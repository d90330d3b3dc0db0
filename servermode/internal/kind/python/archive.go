package python

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/folder"
)

const (
	// pythonMain is the module that an action's archive must have.
	pythonMain = "__main__.py"
	// compiledMain is the platform's name for the module when it compiles an action.
	// Beside it are the platform's launcher and a program exec that starts that
	// launcher. The launcher is not used, because it needs the platform's own image.
	compiledMain     = "main__.py"
	compiledLauncher = "exec__.py"
)

// compiledFor finds the name of the function in the platform's launcher.
var compiledFor = regexp.MustCompile(`(?m)^\s*from main__ import (\w+) as main\b`)

// findMain checks that the folder has the module to be imported, and returns the
// name of its function.
func findMain(dir, main string) (string, error) {
	if !folder.HasFile(dir, pythonMain) && folder.HasFile(dir, compiledMain) {
		launcher, _ := folder.Read(dir, compiledLauncher, folder.MaxManifest)
		if found := compiledFor.FindSubmatch(launcher); found != nil {
			main = string(found[1])
		}
		if err := os.Symlink(compiledMain, filepath.Join(dir, pythonMain)); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	if !folder.HasFile(dir, pythonMain) {
		return "", &kind.ActionError{Message: kind.NoBinary, Log: "Zip file does not include __main__.py at its root." + folder.Misplaced(dir, pythonMain)}
	}
	return main, folder.MendText(dir, pythonMain, 0o644)
}

// invalidVirtualenv starts as the platform's own message does.
const invalidVirtualenv = "Invalid virtualenv. Zip file does not include virtualenv/bin/activate_this.py or virtualenv/lib/python3.*/site-packages."

// checkVirtualenv refuses a virtual environment in the action's folder that the
// launcher could not use. One behind a link that leads out is checked by the
// launcher.
func checkVirtualenv(dir string) error {
	if !folder.HasFolder(dir, "virtualenv") {
		return nil
	}
	for _, pattern := range []string{"virtualenv/bin/activate_this.py", "virtualenv/lib/python3*/site-packages"} {
		if foundIn(dir, pattern) {
			return nil
		}
	}
	text := invalidVirtualenv
	if foundIn(dir, "virtualenv/Scripts") || foundIn(dir, "virtualenv/Lib/site-packages") {
		text += " It was made on Windows, and what it has cannot run on Linux: make it there (in a container, say), or leave it out and have a requirements.txt."
	}
	return &kind.ActionError{Message: kind.CannotStart + " Cause: " + text, Log: text}
}

// foundIn reports whether a folder has a file that a pattern matches, or may have it
// behind a link that leads out of the folder.
func foundIn(dir, pattern string) bool {
	found, err := folder.In(dir, func(root *os.Root) (bool, error) {
		names, err := fs.Glob(root.FS(), pattern)
		for up := pattern; err == nil && len(names) == 0 && up != "."; up = path.Dir(up) {
			links, _ := fs.Glob(root.FS(), up)
			for _, name := range append(links, up) {
				if info, err := root.Lstat(name); err == nil && info.Mode()&fs.ModeSymlink != 0 {
					return true, nil
				}
			}
		}
		return len(names) > 0, err
	})
	return found && err == nil
}

// noteUnused tells the author which files of the archive are not used although they
// look as if they were meant to be: Windows and macOS do not tell small and capital
// letters apart.
func noteUnused(site kind.Site) {
	entries, _ := os.ReadDir(site.Dir)
	for _, entry := range entries {
		for _, name := range []string{"virtualenv", RequirementsFile} {
			if entry.Name() != name && strings.EqualFold(entry.Name(), name) {
				site.Note("%q is not used: rename it to %s, small and capital letters differ on Linux.", entry.Name(), name)
			}
		}
		if entry.IsDir() && !strings.EqualFold(entry.Name(), "virtualenv") && folder.HasFile(site.Dir, entry.Name()+"/pyvenv.cfg") {
			site.Note("The virtual environment %q is not used: call it virtualenv, or leave it out and have a %s.", entry.Name(), RequirementsFile)
		}
	}
}
