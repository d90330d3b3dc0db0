package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	// longTmp is the longest path of a TMPDIR, in bytes, that leaves room for
	// sockets: their paths have 107 bytes, and Python's multiprocessing adds 32.
	longTmp = 72
	// ownPart is the most that a process's TMPDIR adds to the folder of all
	// functions.
	ownPart = len("/0123456789/p/0123456789/tmp")
)

// alias is a short second name of the folder of all functions: a link in /tmp. A
// TMPDIR below a long path would leave no room for the names of sockets.
type alias struct{ path, target string }

// make makes the link if dir's path is too long.
func (a *alias) make(dir string) error {
	a.remove()
	forget(dir)
	if len(dir)+ownPart <= longTmp {
		return nil
	}
	home, err := os.MkdirTemp("/tmp", "wa")
	if err != nil {
		return fmt.Errorf("a short name for %s: %w", dir, err)
	}
	a.path, a.target = filepath.Join(home, "f"), dir
	if err = os.Chmod(home, seen); err == nil {
		err = os.Symlink(dir, a.path)
	}
	if err != nil {
		a.remove()
		return fmt.Errorf("a short name for %s: %w", dir, err)
	}
	return nil
}

// forget removes the links that a killed server left.
func forget(dir string) {
	links, _ := filepath.Glob("/tmp/wa*/f")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == dir {
			(&alias{path: link}).remove()
		}
	}
}

// of returns a path by its shorter name, if it has one.
func (a *alias) of(path string) string {
	if inside, is := strings.CutPrefix(path, a.target+"/"); is && a.path != "" {
		return filepath.Join(a.path, inside)
	}
	return path
}

func (a *alias) remove() {
	if a.path != "" {
		_ = os.Remove(a.path)
		_ = os.Remove(filepath.Dir(a.path))
	}
	*a = alias{}
}
