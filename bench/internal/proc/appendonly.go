package proc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Append makes a process append to its open files whose names start with one of
// the prefixes. The mode belongs to the open file and not to a descriptor, so
// it also holds for a process that was given the descriptor. Append returns the
// number of descriptors. It needs the right to trace the process.
func Append(pid int, prefixes ...string) (n int, err error) {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return 0, fmt.Errorf("process %d: %w", pid, err)
	}
	defer unix.Close(process)
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		file, e := os.Readlink(link)
		if e != nil || !begins(filepath.Base(file), prefixes) {
			continue
		}
		fd, e := strconv.Atoi(filepath.Base(link))
		err = errors.Join(err, e, appendTo(process, fd))
		n++
	}
	return n, err
}

func begins(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

func appendTo(process, fd int) error {
	ours, err := unix.PidfdGetfd(process, fd, 0)
	if err != nil {
		return fmt.Errorf("descriptor %d: %w", fd, err)
	}
	defer unix.Close(ours)
	flags, err := unix.FcntlInt(uintptr(ours), unix.F_GETFL, 0)
	if err == nil {
		_, err = unix.FcntlInt(uintptr(ours), unix.F_SETFL, flags|unix.O_APPEND)
	}
	return err
}
