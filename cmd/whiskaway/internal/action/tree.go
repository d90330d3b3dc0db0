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

// maxEntries is the most that a server accepts in one archive.
const maxEntries = 20_000

// entry is a file, folder or link in an action's folder.
type entry struct {
	name   string // with slashes, from the folder's root
	path   string // of the file
	mode   fs.FileMode
	size   int64
	time   time.Time
	target string // of a link
}

// tree is the content of an action's folder, in a stable order.
type tree struct {
	entries []entry
	left    []string // what is not part of the action, with the reason where the name does not tell
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
		return t.add(root, filepath.ToSlash(name), path, d)
	})
	return t, err
}

func (t *tree) add(root *os.Root, name, path string, d fs.DirEntry) error {
	if excluded(d.Name()) {
		if !editorFile(d.Name()) {
			t.left = append(t.left, name)
		}
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	info, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed meanwhile
	}
	if err != nil {
		return err
	}
	e := entry{name: name, path: path, mode: info.Mode(), size: info.Size(), time: info.ModTime()}
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

// excluded reports by name what is not part of an action.
func excluded(name string) bool {
	return slices.Contains([]string{".git", ".hg", ".svn", "__pycache__", ".DS_Store"}, name) ||
		strings.HasSuffix(name, ".pyc") || editorFile(name)
}

// editorFile reports by name the temporary files of editors, which are left out
// silently.
func editorFile(name string) bool {
	return strings.HasSuffix(name, "~") || strings.HasPrefix(name, ".#") || name == "4913" ||
		strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".swp") || strings.HasSuffix(name, ".swx"))
}
