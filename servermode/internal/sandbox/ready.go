package sandbox

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Running reports whether the group's process has become the function's program.
// Until then it is the shim, as its command line shows.
func (g *Group) Running() bool {
	line, err := os.ReadFile(g.proc("cmdline"))
	return err != nil || !bytes.HasPrefix(line, []byte(shimExec+"\x00"))
}

// awaitsStdin is how /proc shows a thread that is blocked in read(0, …).
var awaitsStdin = []byte(strconv.Itoa(unix.SYS_READ) + " 0x0 ")

// AwaitsInput reports whether a thread of the group's process waits for input on
// stdin. An ActionLoop process is then ready. Where the kernel does not tell, it
// returns false.
func (g *Group) AwaitsInput() bool {
	threads, _ := filepath.Glob(g.proc("task/*/syscall"))
	for _, thread := range threads {
		if call, err := os.ReadFile(thread); err == nil && bytes.HasPrefix(call, awaitsStdin) {
			return true
		}
	}
	return false
}

func (g *Group) proc(name string) string { return "/proc/" + strconv.Itoa(g.pid) + "/" + name }
