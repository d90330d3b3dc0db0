// Package proc reads from /proc which processes there are and what they use. It
// also pins processes to a CPU and makes their logs append.
package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ClockTick is the unit of CPU time in /proc, which is 1/100 s on every Linux.
const ClockTick = 10 * time.Millisecond

// Process is one line of the host's table.
type Process struct {
	PID, Parent int
	CPU         time.Duration // in whole ticks
}

// Table is the host's processes by their pids.
type Table map[int]Process

// Read reads the host's table.
func Read() Table {
	table := Table{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		_, rest, ok := strings.Cut(string(text), ") ") // the name may hold anything
		fields := strings.Fields(rest)
		if err != nil || !ok || len(fields) < 13 || fields[0] == "Z" {
			continue
		}
		p := Process{}
		p.PID, _ = strconv.Atoi(filepath.Base(filepath.Dir(file)))
		p.Parent, _ = strconv.Atoi(fields[1])
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		p.CPU = time.Duration(user+system) * ClockTick
		table[p.PID] = p
	}
	return table
}

// Descendants returns the processes that a process has started, directly or
// not.
func (t Table) Descendants(of int) (out []Process) {
	for _, p := range t {
		for up := p.Parent; up > 1; up = t[up].Parent {
			if up == of {
				out = append(out, p)
				break
			}
		}
	}
	return out
}

// Instances returns the processes of a server's functions: those that run as
// another user than the server or, if the server could give them no user, all.
func Instances(server int) (n int) {
	for _, p := range Read().Descendants(server) {
		info, err := os.Stat(fmt.Sprintf("/proc/%d", p.PID))
		if err == nil && (os.Getuid() != 0 || owner(info) != 0) {
			n++
		}
	}
	return n
}

// Status reads a number of a process's status, such as VmRSS, in KiB.
func Status(pid int, name string) (kib float64, err error) {
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

// owner returns the user that a process runs as.
func owner(info os.FileInfo) uint32 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Uid
	}
	return 0
}
