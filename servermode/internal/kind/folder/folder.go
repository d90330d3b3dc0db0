// Package folder looks into an action's folder. What the action's archive had is its
// author's, including links that lead anywhere, and the server may be root. So it
// reads and writes nothing outside the folder, and opens nothing but files. It also
// mends texts that were written on Windows, and tells an author where a misplaced
// file is.
package folder

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// In calls do with a folder as the root.
func In[T any](dir string, do func(root *os.Root) (T, error)) (out T, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return out, err
	}
	defer root.Close()
	return do(root)
}

// stat describes a file. It follows links that stay in the folder.
func stat(dir, name string) (fs.FileInfo, error) {
	return In(dir, func(root *os.Root) (fs.FileInfo, error) { return root.Stat(name) })
}

// HasFile reports whether a folder has a file of that name.
func HasFile(dir, name string) bool {
	info, err := stat(dir, name)
	return err == nil && info.Mode().IsRegular()
}

// HasFolder reports whether a folder has a folder of that name.
func HasFolder(dir, name string) bool {
	info, err := stat(dir, name)
	return err == nil && info.IsDir()
}

// Has reports whether a folder has anything of that name.
func Has(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

// Read reads a file, up to the limit. It does not wait for a pipe.
func Read(dir, name string, limit int64) ([]byte, error) {
	return In(dir, func(root *os.Root) ([]byte, error) {
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

// Write writes a new file. It removes what had its name, which may be a link.
func Write(dir, name string, text []byte, perm fs.FileMode) error {
	_, err := In(dir, func(root *os.Root) (any, error) {
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

// MakeExecutable changes the mode of a file that HasFile has found.
func MakeExecutable(dir, name string) error {
	_, err := In(dir, func(root *os.Root) (any, error) { return nil, root.Chmod(name, 0o755) })
	return err
}
