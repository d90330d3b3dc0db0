package sandbox

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Leftovers are removed of users whose processes have no folders of their own:
// the uid's next holder would own what the last one left in the folders that all
// of a host share.

// removeLeftovers removes what belongs to one of the uids from the shared
// folders, and its System V objects.
func removeLeftovers(belongs func(uid uint32) bool) error {
	var errs []error
	for _, dir := range append(shared(), "/dev/shm", "/dev/mqueue") {
		errs = append(errs, removeOwned(dir, belongs))
	}
	return errors.Join(append(errs, removeSegments(belongs))...)
}

// removeOwned removes what belongs to the uids in a folder that only root could
// exchange. It does not look into folders of others: they could be exchanged for
// a link while it does.
func removeOwned(dir string, belongs func(uid uint32) bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil { // it is gone
			continue
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		path := filepath.Join(dir, entry.Name())
		switch {
		case ok && belongs(stat.Uid) && info.IsDir():
			errs = append(errs, RemoveTree(path))
		case ok && belongs(stat.Uid):
			errs = append(errs, ignoreGone(os.Remove(path)))
		}
	}
	return errors.Join(errs...)
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// segments are the kinds of System V objects: their table's name in /proc and
// how one is removed.
var segments = map[string]struct {
	id     string
	remove func(id int) error
}{
	"shm": {"shmid", func(id int) error { _, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil); return err }},
	"msg": {"msqid", func(id int) error { return removeSysv(unix.SYS_MSGCTL, uintptr(id), unix.IPC_RMID, 0) }},
	"sem": {"semid", func(id int) error { return removeSysv(unix.SYS_SEMCTL, uintptr(id), 0, unix.IPC_RMID) }},
}

func removeSysv(call, id, second, third uintptr) error {
	if _, _, errno := syscall.Syscall(call, id, second, third); errno != 0 {
		return errno
	}
	return nil
}

func removeSegments(belongs func(uid uint32) bool) error {
	var errs []error
	for name, kind := range segments {
		for _, row := range table("/proc/sysvipc/" + name) {
			uid, err := strconv.ParseUint(row["uid"], 10, 32)
			id, idErr := strconv.Atoi(row[kind.id])
			if err != nil || idErr != nil || !belongs(uint32(uid)) {
				continue
			}
			if err := kind.remove(id); err != nil && err != syscall.EINVAL && err != syscall.EIDRM {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// table reads a file of columns with a heading.
func table(path string) (rows []map[string]string) {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan()
	names := strings.Fields(lines.Text())
	for lines.Scan() {
		row := map[string]string{}
		for i, value := range strings.Fields(lines.Text()) {
			if i < len(names) {
				row[names[i]] = value
			}
		}
		rows = append(rows, row)
	}
	return rows
}
