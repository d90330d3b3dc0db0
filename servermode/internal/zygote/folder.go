package zygote

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// folder may contain a function's modules. Its owner may put anything there, also
// while the function runs, and the server may be root. So the server looks at
// nothing outside base, and opens nothing but folders.
type folder struct{ base, name string }

// list lists the folder. It follows links as long as they stay in base.
func (f folder) list() ([]os.DirEntry, error) {
	root, err := os.OpenRoot(filepath.Dir(f.base)) // base itself may have become a link
	if err != nil {
		return nil, err
	}
	defer root.Close()
	below, err := root.OpenRoot(filepath.Base(f.base))
	if err != nil {
		return nil, err
	}
	defer below.Close()
	dir, err := below.OpenFile(f.name, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.ReadDir(-1)
}

// complete reports whether a folder's list is complete: it was read, or there is no
// such folder.
func complete(err error) bool {
	return err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// packages returns the site-packages of a virtual environment, and whether these are
// all: some may be where the server does not look.
func (f folder) packages() (out []folder, all bool) {
	lib := folder{f.base, filepath.Join(f.name, "lib")}
	versions, err := lib.list()
	all = complete(err)
	for _, version := range versions {
		if !strings.HasPrefix(version.Name(), "python3") {
			continue
		}
		dir := folder{f.base, filepath.Join(lib.name, version.Name(), "site-packages")}
		_, err := dir.list()
		all = all && complete(err)
		if err == nil {
			out = append(out, dir)
		}
	}
	return out, all
}

// brings reports whether a folder has a module of one of the names, as a file or a
// folder.
func (f folder) brings(names []string) bool {
	entries, err := f.list()
	return !complete(err) || slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		name, _, dotted := strings.Cut(entry.Name(), ".")
		code := slices.Contains([]string{".py", ".pyc", ".so"}, filepath.Ext(entry.Name()))
		return slices.Contains(names, name) && (code || !dotted && !entry.Type().IsRegular())
	})
}
