package host

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// ResidentMemory returns the bytes in RAM of a process and of all its descendants. A
// page that two of them share counts twice. A process that has ended has none.
// Reading /proc is too slow for the run path.
func ResidentMemory(pid int) (total int64) {
	seen := map[int]bool{} // the tree changes while it is read
	for pids := []int{pid}; len(pids) > 0; {
		next := pids[0]
		pids = pids[1:]
		if !seen[next] {
			seen[next] = true
			total += residentOf(next)
			pids = append(pids, childrenOf(next)...)
		}
	}
	return total
}

func residentOf(pid int) int64 {
	text, err := os.ReadFile(procFile(pid, "statm"))
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize())
}

// childrenOf returns the children of all of a process's threads. On a kernel without
// these files it returns none, and the process stands for its tree.
func childrenOf(pid int) (pids []int) {
	files, _ := filepath.Glob(procFile(pid, "task/*/children"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, field := range bytes.Fields(text) {
			if child, err := strconv.Atoi(string(field)); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

func procFile(pid int, name string) string { return filepath.Join("/proc", strconv.Itoa(pid), name) }
