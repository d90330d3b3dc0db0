package host

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// memoryFor is how long a reading of the host's memory is reused.
const memoryFor = 50 * time.Millisecond

// leastReserve is the least number of bytes that functions leave to the host.
const leastReserve = 64 << 20

// MemoryGauge reads how much memory is left, on the host and within the limit of
// the server's control group.
type MemoryGauge struct {
	Reserve func() int64 // bytes that functions leave free; 0: a twentieth of all

	mu   sync.Mutex // guards what follows
	at   time.Time
	last function.Memory
}

// Read returns the memory at this moment, or shortly before.
func (g *MemoryGauge) Read() function.Memory {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); now.Sub(g.at) > memoryFor {
		g.at = now
		g.last = measureMemory(g.Reserve())
	}
	return g.last
}

func measureMemory(reserve int64) function.Memory {
	info := numbersIn("/proc/meminfo")
	available, total := info["MemAvailable:"]<<10, info["MemTotal:"]<<10
	if total == 0 { // no /proc: the memory is unknown, and nothing is refused
		return function.Memory{Available: 1, Reserve: 0}
	}
	if limit, used := groupMemory(); limit > 0 && limit < total {
		total, available = limit, min(available, limit-used)
	}
	return function.Memory{Available: available, Reserve: cmp.Or(reserve, max(leastReserve, total/20))}
}

// groupMemory returns the memory limit of the server's control group, and how much
// of it is in use without what the kernel would give back. Both are 0 without a
// limit.
func groupMemory() (limit, used int64) {
	for _, dir := range memoryGroups() {
		for _, v := range []struct{ limit, used, inactive string }{
			{"memory.max", "memory.current", "inactive_file"},
			{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"},
		} {
			most, ok := number(filepath.Join(dir, v.limit))
			now, known := number(filepath.Join(dir, v.used))
			if ok && known {
				return most, max(0, now-numbersIn(filepath.Join(dir, "memory.stat"))[v.inactive])
			}
		}
	}
	return 0, 0
}

// memoryGroups are the folders in which the server's control group may be visible:
// its path, or the top within a container.
var memoryGroups = sync.OnceValue(func() (dirs []string) {
	text, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(parts) < 3:
		case parts[1] == "memory":
			dirs = append(dirs, filepath.Join("/sys/fs/cgroup/memory", parts[2]), "/sys/fs/cgroup/memory")
		case parts[0] == "0":
			dirs = append(dirs, filepath.Join("/sys/fs/cgroup", parts[2]), "/sys/fs/cgroup")
		}
	}
	return dirs
})

// number reads a file that holds one number. "max" is none.
func number(path string) (n int64, ok bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return n, err == nil
}

// numbersIn reads a file with lines of a name and a number.
func numbersIn(path string) map[string]int64 {
	out := map[string]int64{}
	text, _ := os.ReadFile(path)
	for line := range bytes.Lines(text) {
		if parts := bytes.Fields(line); len(parts) > 1 {
			out[string(parts[0])], _ = strconv.ParseInt(string(parts[1]), 10, 64)
		}
	}
	return out
}
