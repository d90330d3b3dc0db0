package artifact

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

const (
	// ratioFrom is where the ratio begins to count: a small file of zeros is no bomb.
	ratioFrom = 16 << 20
	// headRoom is what an entry of a tar may take beside its content.
	headRoom = 4 << 10
	// maxName leaves room for the folder's own path: the kernel takes 4,096 bytes in all.
	maxName = 1024
)

// writer writes entries below root, within limits.
type writer struct {
	root   *os.Root
	limits Limits
	packed int64 // size of the archive
	bytes  int64 // written so far
	files  int
	made   map[string]bool // folders
	links  []string
}

func newWriter(root *os.Root, limits Limits, packed int64) *writer {
	return &writer{root: root, limits: limits, packed: packed, made: map[string]bool{".": true}}
}

// writable is how many bytes the archive may become.
func (w *writer) writable() int64 {
	if w.limits.Ratio == 0 {
		return w.limits.Bytes
	}
	return min(w.limits.Bytes, max(ratioFrom, w.packed*w.limits.Ratio))
}

// inflatable is the same for a tar with its headers.
func (w *writer) inflatable() int64 { return w.writable() + int64(w.limits.Files)*headRoom }

func (w *writer) over() error {
	return fmt.Errorf("unpacked, the archive is over the limit of %d bytes (%d times its size at most)", w.limits.Bytes, w.limits.Ratio)
}

// slashed is a name as it is meant where folders are told by backslashes.
func slashed(name string) string { return strings.ReplaceAll(name, `\`, "/") }

// entry writes one entry; the folder's root refuses what would leave it.
func (w *writer) entry(name string, mode fs.FileMode, target string, content io.Reader) error {
	if err := w.count(); err != nil {
		return err
	}
	clean := path.Clean(slashed(name))
	switch {
	case path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../"):
		return errors.New("it would be written outside the action's folder")
	case len(clean) > maxName:
		return fmt.Errorf("its name is longer than %d bytes", maxName)
	case mode.IsDir():
		return w.folder(clean)
	}
	if err := w.folder(path.Dir(clean)); err != nil {
		return err
	}
	switch {
	case mode.IsRegular():
		return w.file(clean, mode, content)
	case mode&fs.ModeSymlink != 0:
		return w.link(clean, target)
	}
	return errors.New("only files, folders and symbolic links are taken, no devices, pipes or sockets")
}

func (w *writer) count() error {
	if w.files++; w.files > w.limits.Files {
		return fmt.Errorf("more than %d files and folders", w.limits.Files)
	}
	return nil
}

// folder makes a folder and those above it.
func (w *writer) folder(name string) error {
	if w.made[name] {
		return nil
	}
	for up := name; !w.made[up]; up = path.Dir(up) {
		w.made[up] = true
		if err := w.count(); err != nil {
			return err
		}
	}
	return w.root.MkdirAll(name, 0o755)
}

func (w *writer) file(name string, mode fs.FileMode, content io.Reader) error {
	perm := fs.FileMode(0o644)
	if mode&0o111 != 0 {
		perm = 0o755
	}
	f, err := w.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	defer f.Close()
	left := w.writable() - w.bytes
	n, err := io.Copy(f, io.LimitReader(content, left+1))
	w.bytes += n
	if err != nil {
		return err
	}
	if n > left {
		return w.over()
	}
	return f.Close()
}

func (w *writer) link(name, target string) error {
	if path.IsAbs(target) {
		return fmt.Errorf("link to %.200q, outside the action's folder", target)
	}
	w.links = append(w.links, name)
	return w.root.Symlink(target, name)
}

// checkLinks follows every link once all is written: a chain of links can
// leave the folder though each of them alone seems to stay inside.
func (w *writer) checkLinks() error {
	for _, link := range w.links {
		if _, err := w.root.Stat(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("link %.200q: %w", link, err)
		}
	}
	return nil
}
