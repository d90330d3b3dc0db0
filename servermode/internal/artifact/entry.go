package artifact

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// drive matches the start of an absolute path of Windows.
var drive = regexp.MustCompile(`^[A-Za-z]:(/|$)`)

// entry writes one entry. The folder's root refuses what would leave it.
func (w *writer) entry(name string, mode fs.FileMode, target string, content io.Reader) error {
	if err := w.count(); err != nil {
		return err
	}
	clean := path.Clean(name)
	switch {
	case path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../"):
		return errors.New("it would be written outside the action's folder")
	case drive.MatchString(clean):
		return errors.New("it would be written outside the action's folder: names begin there, not with a drive")
	case len(clean) > maxName:
		return fmt.Errorf("its name is longer than %d bytes", maxName)
	}
	err := w.write(clean, mode, target, content)
	if link := w.behind(clean); err != nil && link != "" {
		return fmt.Errorf("it lies behind the link %.200q: %w", link, err)
	}
	return err
}

func (w *writer) write(name string, mode fs.FileMode, target string, content io.Reader) error {
	if mode.IsDir() {
		return w.folder(name)
	}
	if err := w.folder(path.Dir(name)); err != nil {
		return err
	}
	switch {
	case mode.IsRegular():
		return w.file(name, mode, content)
	case mode&fs.ModeSymlink != 0:
		return w.link(name, target)
	}
	return errors.New("only files, folders and symbolic links are taken, no devices, pipes or sockets")
}

// behind returns the link of the archive that a name goes through, empty for none.
func (w *writer) behind(name string) string {
	for ; name != "." && name != "/"; name = path.Dir(name) {
		if w.links[name] {
			return name
		}
	}
	return ""
}
