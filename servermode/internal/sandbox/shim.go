package sandbox

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// The shim is this very binary, executed again in place of the function's program.
// Between fork and exec Go can set no limits. So the shim sets them on itself and
// then becomes the program.
const (
	shimExec  = "whiskaway-shim"   // argv: name, confines, program, arguments…
	shimProbe = "whiskaway-probe"  // argv: name, confines; tries them, see probe.go
	shimKill  = "whiskaway-reaper" // argv: name, uid; kills all that runs as uid
	self      = "/proc/self/exe"   // works where the binary's folder is closed to the uid
)

// This is an init function, so that every binary that links the server can be its
// shim, test binaries too.
func init() {
	switch os.Args[0] {
	case shimExec:
		err := runShim(os.Args[1:])
		fmt.Fprintln(os.Stderr, "whiskaway: cannot start the function's program:", err)
		os.Exit(127)
	case shimProbe:
		if err := runProbe(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		syscall.Exit(0)
	case shimKill:
		status := 0
		if err := runReaper(os.Args[1:]); err != nil {
			status = 1
		}
		syscall.Exit(status) // not os.Exit, which takes a second under the race detector
	}
}

func runShim(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("the shim needs confines and a program, got %q", args)
	}
	confines, err := parseConfines(args[0])
	if err != nil {
		return err
	}
	syscall.CloseOnExec(confines.Report)
	if err := confines.apply(); err != nil {
		if _, err := syscall.Write(confines.Report, []byte(err.Error())); err == nil {
			syscall.Exit(1) // the report has the cause, and the function's streams stay clean
		}
		return err
	}
	if err := syscall.Exec(args[1], args[1:], unshielded(os.Environ())); err != nil {
		return fmt.Errorf("%s: %w", args[1], err)
	}
	return nil
}

// firstForeign is the first descriptor that is not the function's.
const firstForeign = 4

// closeOnExec keeps the descriptors that the server itself was started with from the
// function. Those that the server opens are marked already.
func closeOnExec() error {
	if unix.CloseRange(firstForeign, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return nil
	}
	open, err := os.ReadDir("/proc/self/fd") // Linux before 5.11
	for _, entry := range open {
		if fd, _ := strconv.Atoi(entry.Name()); fd >= firstForeign {
			syscall.CloseOnExec(fd)
		}
	}
	return err
}

// runReaper kills all that runs as a uid. kill(-1) spares the caller and holds off
// forks while it runs, so even a fork bomb cannot outrun it. Only the effective uid
// is the victims'. If the real or saved one were too, they could signal the reaper
// first.
func runReaper(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("the reaper needs a uid, got %q", args)
	}
	uid, err := strconv.ParseUint(args[0], 10, 31)
	if err != nil || uid == 0 || uid%2 != 0 {
		return fmt.Errorf("the reaper takes the uid of a function, not %q", args[0])
	}
	own := int(uid) + 1
	if err := syscall.Setresuid(own, int(uid), own); err != nil {
		return err
	}
	if err := syscall.Kill(-1, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
		return err
	}
	return nil
}
