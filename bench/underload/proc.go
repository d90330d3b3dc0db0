package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of CPU time in /proc, which is 1/100 s on every Linux.
const clockTick = 10 * time.Millisecond

// process is one line of the host's table.
type process struct {
	pid, parent int
	cpu         time.Duration
}

// processes are all of the host's.
func processes() map[int]process {
	table := map[int]process{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		_, rest, ok := strings.Cut(string(text), ") ") // the name may hold anything
		fields := strings.Fields(rest)
		if err != nil || !ok || len(fields) < 13 || fields[0] == "Z" {
			continue
		}
		p := process{}
		p.pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(file)))
		p.parent, _ = strconv.Atoi(fields[1])
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		p.cpu = time.Duration(user+system) * clockTick
		table[p.pid] = p
	}
	return table
}

// descendants are the processes that a process has started, and they in turn.
func descendants(table map[int]process, of int) (out []process) {
	for _, p := range table {
		for up := p.parent; up > 1; up = table[up].parent {
			if up == of {
				out = append(out, p)
				break
			}
		}
	}
	return out
}

// instances are the processes of a server's functions: those that run as another
// user than the server, or, where it could give them none, all.
func instances(server int) (n int) {
	for _, p := range descendants(processes(), server) {
		info, err := os.Stat(fmt.Sprintf("/proc/%d", p.pid))
		if err == nil && (os.Getuid() != 0 || owner(info) != 0) {
			n++
		}
	}
	return n
}

// status reads a number of a process's status, such as VmRSS, in KiB.
func status(pid int, name string) (kib float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name+":" {
			return strconv.ParseFloat(fields[1], 64)
		}
	}
	return 0, fmt.Errorf("process %d has no %s", pid, name)
}

// owner is the user that a process runs as.
func owner(info os.FileInfo) uint32 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Uid
	}
	return 0
}
