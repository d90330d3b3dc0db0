package sandbox

import (
	"bytes"
	"os"
	"strconv"
)

// proc is one line of the process table.
type proc struct {
	pid    int
	parent int
	uid    uint32
	zombie bool
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
	for _, name := range names {
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
	p := proc{pid: pid}
	for line := range bytes.Lines(status) {
		key, value, _ := bytes.Cut(line, []byte{':'})
		fields := bytes.Fields(value)
		if len(fields) == 0 {
			continue
		}
		switch string(key) {
		case "State":
			p.zombie = fields[0][0] == 'Z' || fields[0][0] == 'X'
		case "PPid":
			p.parent, _ = strconv.Atoi(string(fields[0]))
		case "Uid":
			uid, _ := strconv.ParseUint(string(fields[0]), 10, 32)
			p.uid = uint32(uid)
			return p, true // the lines that follow are of no use here
		}
	}
	return p, false
}

// markOf is the instance that a process's environment names, empty when it
// names none or cannot be read (then it is another user's).
func markOf(pid int) string {
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return ""
	}
	for entry := range bytes.SplitSeq(env, []byte{0}) {
		if mark, ok := bytes.CutPrefix(entry, []byte(EnvInstance+"=")); ok {
			return string(mark)
		}
	}
	return ""
}
