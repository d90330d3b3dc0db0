package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns the CPU time of a process, to the nanosecond, with its threads
// that have ended. /proc has it in ticks only, too coarse for half a second of
// runs.
func CPU(pid int) (time.Duration, error) {
	const scheduler = 2 // which of a process's clocks: what it was on a CPU
	var t unix.Timespec
	err := unix.ClockGettime(int32(^pid<<3|scheduler), &t)
	return time.Duration(t.Nano()), err
}

// PSS returns a process's proportional share of memory, in KiB. It takes root
// for another user's process.
func PSS(pid int) (kib float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "Pss:" {
			return strconv.ParseFloat(fields[1], 64)
		}
	}
	return 0, fmt.Errorf("process %d has no Pss", pid)
}
