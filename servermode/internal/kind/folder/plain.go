package folder

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// IsFile reports whether a path is a file. It follows links, so it is for what the
// host's owner put there.
func IsFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// IsPlainFile reports whether a path is a file with a single name. It follows no
// links, because what a build made may belong to any user.
func IsPlainFile(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 1
}

// ReadHead reads the start of a file. What a build made may be a pipe, or have no
// end.
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
