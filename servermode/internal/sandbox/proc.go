package sandbox

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"sync"
)

// proc is one line of the process table.
type proc struct {
	pid    int
	parent int
	uid    uint32
	zombie bool
	still  bool // stopped or dead: it cannot fork
	depth  int  // nested pid namespaces; with more than ours it is in some container
}

// processes reads the process table from /proc.
func processes() []proc {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var out []proc
	for _, name := range slices.Backward(names) { // the newest first, because they may be gone soon
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, ok := readProc(pid); ok {
			out = append(out, p)
		}
	}
	return out
}

func readProc(pid int) (proc, bool) {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return proc{}, false
	}
	p, whole := proc{pid: pid}, false
	for line := range bytes.Lines(status) {
		key, value, _ := bytes.Cut(line, []byte{':'})
		fields := bytes.Fields(value)
		if len(fields) == 0 {
			continue
		}
		switch string(key) {
		case "State":
			state := fields[0][0]
			p.zombie = state == 'Z' || state == 'X'
			p.still = p.zombie || state == 'T' || state == 't'
		case "PPid":
			p.parent, _ = strconv.Atoi(string(fields[0]))
		case "Uid":
			uid, _ := strconv.ParseUint(string(fields[0]), 10, 32)
			p.uid, whole = uint32(uid), true
		case "NSpid":
			p.depth = len(fields)
			return p, whole // the following lines are not needed
		}
	}
	return p, whole
}

// descendants returns the pids of roots and of all their descendants.
func descendants(table []proc, roots ...int) map[int]bool {
	tree := map[int]bool{}
	for _, pid := range roots {
		tree[pid] = true
	}
	for grown := true; grown; {
		grown = false
		for _, p := range table {
			if tree[p.parent] && !tree[p.pid] {
				tree[p.pid], grown = true, true
			}
		}
	}
	return tree
}

// markOf returns the instance that a process's environment names, empty for none. An
// environment that may not be read tells nothing; in containers without
// CAP_SYS_PTRACE that is the environment of every other user's process.
func markOf(pid int) (mark string, readable bool) {
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return "", false
	}
	for entry := range bytes.SplitSeq(env, []byte{0}) {
		if mark, ok := bytes.CutPrefix(entry, []byte(EnvInstance+"=")); ok {
			return string(mark), true
		}
	}
	return "", true
}

// carries reports whether a process is known to carry the mark.
func carries(pid int, mark string) bool {
	found, _ := markOf(pid)
	return found == mark
}

// depth is the number of nested pid namespaces in which this process sees itself.
var depth = sync.OnceValue(func() int {
	p, _ := readProc(os.Getpid())
	return p.depth
})
