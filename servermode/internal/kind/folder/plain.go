package folder

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// IsFile follows links: it is for what the owner of the host put there.
func IsFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// IsPlainFile does not follow them, nor takes a second name of a file: what a
// build made may be any user's.
func IsPlainFile(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 1
}

// ReadHead reads the beginning of a file: what a build made may be a pipe, or
// have no end.
func ReadHead(path string) ([]byte, error) {
	if !IsPlainFile(path) {
		return nil, fmt.Errorf("%s is no file", path)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 4096))
}
