package build

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// errForeign refuses a build in which another user has put something.
var errForeign = errors.New("the build's folder has files of another user")

// seal makes the job's folder the server's own and readable for others, and returns
// its size on disk. Another process may still hold descriptors of the folder and
// exchange names meanwhile. So seal follows nothing out of the folder, and closes
// each folder to others before it looks at the content.
func (j *Job) seal() (size int64, err error) {
	root, err := os.OpenRoot(j.Dir)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := root.Lstat(path)
		if err != nil {
			return err
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			size += stat.Blocks * 512
		}
		return j.sealEntry(root, path, info)
	})
	return size, err
}

func (j *Job) sealEntry(root *os.Root, path string, info fs.FileInfo) error {
	switch {
	case ownedBy(info, os.Getuid()) && j.user != nil:
		return nil // the server wrote it, or it is a second name of a file that is not the build's
	case j.user != nil && !ownedBy(info, int(j.user.ID)):
		return fmt.Errorf("%w: %q", errForeign, path)
	}
	if err := root.Lchown(path, os.Getuid(), os.Getgid()); err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return err
	}
	mode := fs.FileMode(0o644)
	if info.IsDir() || info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	return root.Chmod(path, mode) // no setuid, nothing that others can write
}

// ownedBy reports whether a file belongs to uid.
func ownedBy(info fs.FileInfo, uid int) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == uid
}
