package action

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxEntries is what a server takes in one archive.
const maxEntries = 20_000

// entry is one file, folder or link of an action's folder.
type entry struct {
	name   string // with slashes, from the folder's root
	mode   fs.FileMode
	size   int64
	time   time.Time
	target string // of a link
}

// tree is what an action's folder holds, in a stable order.
type tree struct {
	entries []entry
	left    []string // what is no part of the action, with the cause where it is not plain
}

// readTree lists a folder without reading its files.
func readTree(dir string) (tree, error) {
	var t tree
	root, err := os.OpenRoot(dir) // follows no link out of the folder
	if err != nil {
		return t, err
	}
	defer root.Close()
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return t.add(root, filepath.ToSlash(name), d)
	})
	return t, err
}

func (t *tree) add(root *os.Root, name string, d fs.DirEntry) error {
	if spared(d.Name()) {
		if !fleeting(d.Name()) {
			t.left = append(t.left, name)
		}
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	info, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it went while we looked
	}
	if err != nil {
		return err
	}
	e := entry{name: name, mode: info.Mode(), size: info.Size(), time: info.ModTime()}
	switch e.mode.Type() {
	case 0, fs.ModeDir:
	case fs.ModeSymlink:
		if e.target, err = root.Readlink(name); err != nil {
			return err
		}
		if _, err := root.Stat(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.left = append(t.left, name+" (a link out of the folder)")
			return nil
		}
	default:
		t.left = append(t.left, name+" (neither file nor folder nor link)")
		return nil
	}
	if t.entries = append(t.entries, e); len(t.entries) > maxEntries {
		return fmt.Errorf("%s holds more than %d files and folders, which no server takes: is it the right one?", root.Name(), maxEntries)
	}
	return nil
}

// spared tells by its name what is no part of an action.
func spared(name string) bool {
	return slices.Contains([]string{".git", ".hg", ".svn", "__pycache__", ".DS_Store"}, name) ||
		strings.HasSuffix(name, ".pyc") || fleeting(name)
}

// fleeting tells what editors make while they write; nobody wants to hear of it.
func fleeting(name string) bool {
	return strings.HasSuffix(name, "~") || strings.HasPrefix(name, ".#") || name == "4913" ||
		strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".swp") || strings.HasSuffix(name, ".swx"))
}
