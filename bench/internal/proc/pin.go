package proc

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Pin makes this process, and what it starts from now on, run on one of its
// CPUs only. On several CPUs, whether two processes happen to share one matters
// more than what they do. The returned function unpins this process.
func Pin() (undo func() error, err error) {
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, err
	}
	last := -1 // the first one often has the devices' interrupts
	for cpu := range len(before) * 64 {
		if before.IsSet(cpu) {
			last = cpu
		}
	}
	var one unix.CPUSet
	one.Set(last)
	threads := runtime.GOMAXPROCS(1)
	undo = func() error {
		runtime.GOMAXPROCS(threads)
		return affinity(&before)
	}
	if err := affinity(&one); err != nil {
		return nil, errors.Join(err, undo())
	}
	return undo, nil
}

// affinity is for all threads; a second round finds threads that others made
// during the first.
func affinity(set *unix.CPUSet) error {
	for range 2 {
		tasks, err := filepath.Glob("/proc/self/task/*")
		if err != nil {
			return err
		}
		for _, task := range tasks {
			id, _ := strconv.Atoi(filepath.Base(task))
			if err := unix.SchedSetaffinity(id, set); err != nil && err != unix.ESRCH {
				return fmt.Errorf("thread %d: %w", id, err)
			}
		}
	}
	return nil
}
