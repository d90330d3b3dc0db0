package tree

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Give makes a folder and all that is in it a user's. No process may be in it.
func Give(dir string, id uint32) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(id), int(id))
	})
}
