package tree

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// unlink removes one entry of any type. ENOTEMPTY says that it is a folder that is
// not empty. An entry that is gone already is no error.
func unlink(dir *os.File, name string) error {
	err := retry(func() error { return unix.Unlinkat(int(dir.Fd()), name, 0) })
	if err == unix.EISDIR {
		err = retry(func() error { return unix.Unlinkat(int(dir.Fd()), name, unix.AT_REMOVEDIR) })
	}
	switch err {
	case unix.ENOENT:
		return nil
	case unix.EEXIST: // some file systems' ENOTEMPTY
		return unix.ENOTEMPTY
	}
	return err
}

// openFolder opens a folder so that it can be emptied. It never follows a link.
func openFolder(dir *os.File, name string) (*os.File, error) {
	if os.Getuid() != 0 { // root needs no permission
		if err := unclose(dir, name); err != nil {
			return nil, err
		}
	}
	fd, err := openAt(int(dir.Fd()), name, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// unclose gives a folder's owner all rights in it: to list it, to remove its
// content, to move it. It goes through /proc, because the folder may be one that
// cannot be opened yet.
func unclose(dir *os.File, name string) error {
	fd, err := openAt(int(dir.Fd()), name, unix.O_PATH)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil || stat.Mode&0o700 == 0o700 {
		return err
	}
	return unix.Fchmodat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), 0o700, 0)
}

func openAt(dir int, name string, how int) (fd int, err error) {
	err = retry(func() error {
		fd, err = unix.Openat(dir, name, how|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		return err
	})
	return fd, err
}

// retry repeats a call that a signal interrupted.
func retry(call func() error) (err error) {
	for {
		if err = call(); err != unix.EINTR {
			return err
		}
	}
}
