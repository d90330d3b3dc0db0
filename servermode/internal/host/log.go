package host

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
)

const (
	logName = "servermode.log"
	// maxOldLog is the size in bytes from which a log is put aside when a server
	// starts.
	maxOldLog = 16 << 20
)

// LogFile returns the path of the server's own log in a state folder, and makes the
// folder. It returns false if the folder cannot be used.
func LogFile(stateDir string) (path string, ok bool) {
	entries, err := os.ReadDir(stateDir)
	if errors.Is(err, os.ErrNotExist) {
		err = errors.Join(os.MkdirAll(stateDir, 0o711), os.Chmod(stateDir, 0o711))
	}
	if err != nil || isForeign(entries) {
		return "", false
	}
	path = filepath.Join(stateDir, logName)
	if info, err := os.Stat(path); err == nil && info.Size() > maxOldLog {
		_ = os.Rename(path, path+".1")
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return "", false
	}
	return path, f.Close() == nil
}

// isForeign reports whether a folder is neither empty nor a server's.
func isForeign(entries []os.DirEntry) bool {
	if len(entries) == 0 || len(entries) == 1 && entries[0].Name() == "lost+found" {
		return false
	}
	return !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return slices.Contains([]string{"id", "lock", logName}, e.Name()) })
}
