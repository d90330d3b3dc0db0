package kind

import (
	"errors"
	"io/fs"
	"os"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
)

// layOut unpacks an archive below dir, or writes any other code as one file.
func layOut(dir string, code Code, file string, perm fs.FileMode) error {
	if !code.isArchive() {
		return os.WriteFile(dir+"/"+file, code, perm)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := artifact.Unpack(root, code, artifact.DefaultLimits); err != nil {
		if errors.Is(err, artifact.ErrArchive) {
			return &ActionError{Message: err.Error(), Log: err.Error()}
		}
		return err
	}
	return nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
