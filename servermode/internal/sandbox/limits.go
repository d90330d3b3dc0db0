package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Limits are the rlimits of a function's processes; zero leaves one as it is.
// There is no limit of the address space: CUDA reserves it by the terabyte.
type Limits struct {
	Files     uint64 // open files per process
	Processes uint64 // processes and threads of the uid; only with a uid of its own
	FileSize  uint64 // bytes of any one file written
}

// DefaultLimits follow what a Docker container of the platform gets.
var DefaultLimits = Limits{Files: 1024, Processes: 1024}

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

// setLimit lowers a limit. A limit that is lower already stays.
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
