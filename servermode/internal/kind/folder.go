package kind

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// These functions look into an action's folder. What its archive had is its
// author's, links that lead anywhere included, and the server may be root: it
// reads and writes nothing outside the folder, and opens nothing but files.

// inFolder calls what is to be done in a folder, with the folder as the root.
func inFolder[T any](dir string, do func(root *os.Root) (T, error)) (out T, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return out, err
	}
	defer root.Close()
	return do(root)
}

// statIn follows links that stay in the folder.
func statIn(dir, name string) (fs.FileInfo, error) {
	return inFolder(dir, func(root *os.Root) (fs.FileInfo, error) { return root.Stat(name) })
}

// hasFile reports whether a folder has a file of that name.
func hasFile(dir, name string) bool {
	info, err := statIn(dir, name)
	return err == nil && info.Mode().IsRegular()
}

// hasFolder reports whether a folder has a folder of that name.
func hasFolder(dir, name string) bool {
	info, err := statIn(dir, name)
	return err == nil && info.IsDir()
}

// hasEntryNamed reports whether a folder has anything of that name.
func hasEntryNamed(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

// readIn reads a file, as far as the limit. A pipe is not waited for.
func readIn(dir, name string, limit int64) ([]byte, error) {
	return inFolder(dir, func(root *os.Root) ([]byte, error) {
		f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is no file", name)
		}
		return io.ReadAll(io.LimitReader(f, limit))
	})
}

// writeIn writes a file anew: what had its name, a link perhaps, is removed.
func writeIn(dir, name string, text []byte, perm fs.FileMode) error {
	_, err := inFolder(dir, func(root *os.Root) (any, error) {
		_ = root.Remove(name)
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if _, err := f.Write(text); err != nil {
			return nil, err
		}
		return nil, f.Close()
	})
	return err
}

// makeExecutable changes the mode of a file that hasFile has found.
func makeExecutable(dir, name string) error {
	_, err := inFolder(dir, func(root *os.Root) (any, error) { return nil, root.Chmod(name, 0o755) })
	return err
}

// errTooLarge is the author's: a file that the server itself reads has a bound.
var errTooLarge = &ActionError{Message: cannotStart + " Cause: a file that says what to install is too large."}

// readAtMost reads a text of an action's folder, within a bound.
func readAtMost(path string, limit int64) ([]byte, error) {
	text, err := readIn(filepath.Dir(path), filepath.Base(path), limit+1)
	if int64(len(text)) > limit {
		return nil, errTooLarge
	}
	return plainText(text), err
}
