package sandbox

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The shim is this very binary, executed again in place of the function's
// program: between fork and exec Go can set no limits, so the shim sets them on
// itself and then becomes the program.
const (
	shimExec = "whiskaway-shim"   // argv: name, limits, program, arguments…
	shimKill = "whiskaway-reaper" // kills all that runs as its uid
	self     = "/proc/self/exe"   // works where the binary's folder is closed to the uid
)

// An init function, so that every binary that links the server can be its
// shim, test binaries too.
func init() {
	switch os.Args[0] {
	case shimExec:
		err := runShim(os.Args[1:])
		fmt.Fprintln(os.Stderr, "whiskaway: cannot start the function's program:", err)
		os.Exit(127)
	case shimKill:
		// kill(-1) spares the caller and holds off forks while it runs, so
		// even a fork bomb cannot outrun it.
		if os.Getuid() != 0 {
			_ = syscall.Kill(-1, syscall.SIGKILL)
		}
		os.Exit(0)
	}
}

func runShim(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("the shim needs limits and a program, got %q", args)
	}
	if err := applyLimits(args[0]); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	syscall.Umask(0o077)
	if err := syscall.Exec(args[1], args[1:], os.Environ()); err != nil {
		return fmt.Errorf("%s: %w", args[1], err)
	}
	return nil
}

// Limits are the rlimits of a function's processes; zero leaves one as it is.
// There is no limit of the address space: CUDA reserves it by the terabyte.
type Limits struct {
	Files     uint64 // open files per process
	Processes uint64 // processes and threads of the uid; only with a uid of its own
	FileSize  uint64 // bytes of any one file written
}

// DefaultLimits follow what a Docker container of the platform gets.
var DefaultLimits = Limits{Files: 1024, Processes: 1024, FileSize: 4 << 30}

func (l Limits) String() string {
	return fmt.Sprintf("%d,%d,%d", l.Files, l.Processes, l.FileSize)
}

func applyLimits(text string) error {
	resources := []int{unix.RLIMIT_NOFILE, unix.RLIMIT_NPROC, unix.RLIMIT_FSIZE}
	values := strings.Split(text, ",")
	if len(values) != len(resources) {
		return fmt.Errorf("limits %q", text)
	}
	if err := setLimit(unix.RLIMIT_CORE, 0); err != nil {
		return err
	}
	for i, resource := range resources {
		value, err := strconv.ParseUint(values[i], 10, 64)
		if err != nil {
			return err
		}
		if value == 0 {
			continue
		}
		if err := setLimit(resource, value); err != nil {
			return err
		}
	}
	return nil
}

// setLimit lowers a limit; one that is lower already stays.
func setLimit(resource int, value uint64) error {
	var now syscall.Rlimit
	if err := syscall.Getrlimit(resource, &now); err != nil {
		return err
	}
	value = min(value, now.Max)
	if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: value, Max: value}); err != nil {
		return fmt.Errorf("rlimit %d to %d: %w", resource, value, err)
	}
	return nil
}
