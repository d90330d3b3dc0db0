package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// State is the server's own folder:
//
//	id          names the folder in the marks of processes
//	lock        held by the server that uses it
//	code/       cached code, by tenant and digest
//	launchers/  the programs that load functions
//	builds/     what was built for functions: environments, programs
//	functions/  one folder per function that has had a process
//	room        written now and then, to see whether there is room
//	servermode.log  the server's own log, where stderr is a function's
type State struct {
	Dir string // its real path, without links
	ID  string
	// Renamed reports that the id in the folder was not legible: processes that an
	// earlier server left running cannot be found by it.
	Renamed bool

	lock *os.File
}

// OpenState makes the folder if need be, and locks it.
func OpenState(dir string) (*State, error) {
	d := &State{}
	var err error
	if d.Dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := d.make(); err != nil && Fault(err) != "" { // a restart may succeed
		return nil, fmt.Errorf("state folder: %w", err)
	} else if err != nil {
		return nil, fmt.Errorf("%w: state folder: %w", daemon.ErrConfig, err)
	}
	// Links in the way are followed once, here: mounts know folders by their real paths.
	if d.Dir, err = filepath.EvalSymlinks(d.Dir); err != nil {
		return nil, fmt.Errorf("%w: state folder: %w", daemon.ErrConfig, err)
	}
	if err := d.takeLock(); err != nil {
		return nil, err
	}
	if err := d.readID(); err != nil {
		return nil, errors.Join(fmt.Errorf("state folder: %w", err), d.Close())
	}
	return d, nil
}

// Path returns the path of a part of the folder.
func (d *State) Path(name string) string { return filepath.Join(d.Dir, name) }

// Close releases the folder.
func (d *State) Close() error { return d.lock.Close() }

// make makes the folder and its parts. It leaves a folder with other contents alone,
// because they would be lost.
func (d *State) make() error {
	entries, err := os.ReadDir(d.Dir)
	fresh := errors.Is(err, os.ErrNotExist)
	if err != nil && !fresh {
		return err
	}
	if isForeign(entries) {
		return fmt.Errorf("%s is not empty and not a server's; choose another --state-dir", d.Dir)
	}
	dirs := []string{d.Path("functions"), d.Path("launchers")}
	if fresh {
		dirs = append([]string{d.Dir}, dirs...)
	}
	for _, dir := range dirs {
		// 0711: functions that run as users of their own pass through to their
		// folders. chmod, because a daemon's umask may be anything.
		if err := errors.Join(os.MkdirAll(dir, 0o711), os.Chmod(dir, 0o711)); err != nil {
			return err
		}
	}
	return nil
}

func (d *State) takeLock() (err error) {
	if d.lock, err = os.OpenFile(d.Path("lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(fmt.Errorf("%w: another server uses the state folder %s; set --state-dir", daemon.ErrConfig, d.Dir), d.lock.Close())
	}
	return nil
}

// readID reads the folder's id, or makes one. It replaces a text that is no id (a
// disk was full, or it was edited), because that text would be in the mark of every
// process.
func (d *State) readID() error {
	text, err := os.ReadFile(d.Path("id"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if id, err := uuid.Parse(strings.TrimSpace(string(text))); err == nil {
		d.ID = id.String()
		return nil
	}
	d.ID, d.Renamed = uuid.NewString(), len(text) > 0
	next := d.Path("id.new")
	if err := os.WriteFile(next, []byte(d.ID+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(next, d.Path("id"))
}

// Passable returns an error unless every user can pass through to the functions'
// folders.
func (d *State) Passable() error {
	for dir := d.Path("functions"); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("%w: functions run as users of their own, which cannot pass %s (mode %04o); choose another --state-dir or open it with chmod o+x",
				daemon.ErrConfig, dir, info.Mode().Perm())
		}
		if dir == "/" {
			return nil
		}
	}
}
