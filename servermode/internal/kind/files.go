package kind

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
)

// layOut unpacks an archive into the site's folder, or writes any other code
// there as one file.
func (s Site) layOut(code Code, file string, perm fs.FileMode) error {
	return layOut(s.Dir, code, s.Limits, file, perm)
}

// note tells the author something in the init's log.
func (s Site) note(format string, args ...any) {
	if s.Sink != nil {
		s.Sink.Log(runtimespec.Stderr, fmt.Appendf(nil, format+"\n", args...))
	}
}

// layOut does so in any new folder. Whoever reads there later must do so by the
// functions of folder.go: an archive may have links that lead anywhere.
func layOut(dir string, code Code, limits artifact.Limits, file string, perm fs.FileMode) error {
	if !code.isArchive() {
		return os.WriteFile(dir+"/"+file, code, perm)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if limits == (artifact.Limits{}) {
		limits = artifact.DefaultLimits
	}
	if err := artifact.Unpack(root, code, limits); err != nil {
		if errors.Is(err, artifact.ErrArchive) {
			return &ActionError{Message: err.Error(), Log: err.Error()}
		}
		return err
	}
	return nil
}

// writeLaunchers puts the programs that load functions into dir, where every
// user can read them.
func writeLaunchers(from embed.FS, dir string) error {
	files, err := from.ReadDir("launchers")
	for _, file := range files {
		text, readErr := from.ReadFile("launchers/" + file.Name())
		to := filepath.Join(dir, file.Name())
		err = errors.Join(err, readErr, os.WriteFile(to, text, 0o644), os.Chmod(to, 0o644))
	}
	return err
}

// isFile follows links: it is for what the owner of the host put there.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// isPlainFile does not follow them, nor takes a second name of a file: what a
// build made may be anybody's.
func isPlainFile(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 1
}

// readSmall reads the beginning of a file: what a build made may be a pipe, or
// have no end.
func readSmall(path string) ([]byte, error) {
	if !isPlainFile(path) {
		return nil, fmt.Errorf("%s is no file", path)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 4096))
}
