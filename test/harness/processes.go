package harness

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Strays returns the descendants of a server that has no function: all but the
// process that Python functions are forked from, and its child in advance.
func Strays(server int) map[int]string {
	out, own := Descendants(server), 0
	for pid, line := range out {
		if own < 2 && strings.Contains(line, "/launchers/python.py --fork") {
			delete(out, pid)
			own++
		}
	}
	return out
}

// Descendants returns the live processes that a process has started, and they in
// turn: each one's id and command line.
func Descendants(of int) map[int]string {
	parents := map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, err := os.ReadFile(file)
		_, rest, ok := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		if err != nil || !ok || len(fields) < 2 || fields[0] == "Z" {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parents[pid], _ = strconv.Atoi(fields[1])
	}
	out := map[int]string{}
	for pid := range parents {
		for up := parents[pid]; up > 1; up = parents[up] {
			if up == of {
				line, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
				out[pid] = strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))
				break
			}
		}
	}
	return out
}
