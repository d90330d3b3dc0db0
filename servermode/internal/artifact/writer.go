package artifact

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

const (
	// ratioFrom is where the ratio starts to count: a small file of zeros is no
	// bomb.
	ratioFrom = 16 << 20
	// headRoom is what a tar's entry may take beside its content, and tarRoom what
	// the archive may take beside its entries.
	headRoom = 4 << 10
	tarRoom  = 1 << 20
	// maxName leaves room for the folder's own path: the kernel takes 4,096 bytes in
	// all.
	maxName = 1024
	// anyones is the mode of a file from an archive without permissions for a user,
	// a group and others.
	anyones = 0o666
)

// writer writes entries below root, within limits.
type writer struct {
	root   *os.Root
	limits Limits
	packed int64 // size of the archive
	bytes  int64 // written so far
	files  int
	things int             // files and links written
	made   map[string]bool // folders
	links  map[string]bool
}

func newWriter(root *os.Root, limits Limits, packed int64) *writer {
	return &writer{root: root, limits: limits, packed: packed, made: map[string]bool{".": true}, links: map[string]bool{}}
}

// writable returns how many bytes the archive may become.
func (w *writer) writable() int64 {
	if w.limits.Ratio == 0 {
		return w.limits.Bytes
	}
	return min(w.limits.Bytes, max(ratioFrom, w.packed*w.limits.Ratio))
}

func (w *writer) over() error {
	if w.writable() < w.limits.Bytes {
		return fmt.Errorf("it unpacks to more than %d times its own size", w.limits.Ratio)
	}
	return fmt.Errorf("it unpacks to more than %d bytes, the most that this server takes (--max-unpacked)", w.limits.Bytes)
}

func (w *writer) count() error {
	if w.files++; w.files > w.limits.Files {
		return fmt.Errorf("it has more than %d files and folders, the most that this server takes (--max-unpacked-files)", w.limits.Files)
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
	runs := mode&0o111 != 0
	if mode.Perm() == anyones {
		runs, content = executable(content)
	}
	perm := fs.FileMode(0o644)
	if runs {
		perm = 0o755
	}
	f, err := w.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	defer f.Close()
	w.things++
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

// link makes a link that points anywhere, as the platform's runtimes do: the link of
// a virtual environment points at its interpreter. Nothing is written through a link
// that leads out of the folder, and later readers must not follow it.
func (w *writer) link(name, target string) error {
	if info, err := w.root.Lstat(name); err == nil && !info.IsDir() { // a later entry replaces an earlier one
		if err := w.root.Remove(name); err != nil {
			return err
		}
	}
	w.links[name] = true
	w.things++
	return w.root.Symlink(target, name)
}
