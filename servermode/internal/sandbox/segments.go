package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// segments are the kinds of System V objects: their table in /proc, the column of
// their numbers, and the call that removes one.
var segments = []struct {
	name, id string
	remove   func(id int) error
}{
	{"shm", "shmid", func(id int) error { return removeSysv(unix.SYS_SHMCTL, uintptr(id), unix.IPC_RMID, 0) }},
	{"msg", "msqid", func(id int) error { return removeSysv(unix.SYS_MSGCTL, uintptr(id), unix.IPC_RMID, 0) }},
	{"sem", "semid", func(id int) error { return removeSysv(unix.SYS_SEMCTL, uintptr(id), 0, unix.IPC_RMID) }},
}

func removeSysv(call, id, second, third uintptr) error {
	if _, _, errno := syscall.RawSyscall(call, id, second, third); errno != 0 {
		return errno
	}
	return nil
}

// removeSegments removes the System V objects that one of the uids owns or has made.
// The uid that made one keeps all rights in it, even after it was given away.
func removeSegments(belongs func(uid uint32) bool) error {
	var errs []error
	for _, kind := range segments {
		for _, row := range table("/proc/sysvipc/" + kind.name) {
			id, err := strconv.Atoi(row[kind.id])
			uid, found := holderOf(row, belongs)
			if err != nil || !found {
				continue
			}
			if err := asUser(uid, func() error { return kind.remove(id) }); err != nil && err != syscall.EINVAL && err != syscall.EIDRM {
				errs = append(errs, fmt.Errorf("%s %d of uid %d: %w", kind.name, id, uid, err))
			}
		}
	}
	return errors.Join(errs...)
}

// holderOf returns the uid among those that belong which has rights in an object.
func holderOf(row map[string]string, belongs func(uid uint32) bool) (uid uint32, found bool) {
	for _, column := range []string{"uid", "cuid"} {
		n, err := strconv.ParseUint(row[column], 10, 32)
		if err == nil && belongs(uint32(n)) {
			return uint32(n), true
		}
	}
	return 0, false
}

// asUser calls do on a thread whose effective user is uid, because root may not
// remove another's object without CAP_SYS_ADMIN. A thread that cannot become root
// again ends.
func asUser(uid uint32, do func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		const same = ^uintptr(0)
		if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESUID, same, uintptr(uid), same); errno != 0 {
			runtime.UnlockOSThread()
			done <- errno
			return
		}
		err := do()
		if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESUID, same, 0, same); errno == 0 {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
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
