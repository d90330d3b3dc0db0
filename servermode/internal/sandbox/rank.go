package sandbox

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// Rank is how the kernel ranks what runs in a group for the CPUs.
type Rank int

// These are the ranks. A nice level that a function gave itself stays, unless it is
// one that a rank stands for.
const (
	Ordinary Rank = iota // like everything else
	Lower                // a third of the others' weight
	Idle                 // only while nothing else uses them
)

// lower is what Lower adds to the server's own nice level, with which functions
// start. The kernel's weights are then 335 to 1024.
const lower = 5

// rankLooks bounds how often a group's threads are searched. A thread starts with
// the rank of the thread that made it, so a search misses only those that are made
// meanwhile.
const rankLooks = 3

// Rank changes the rank of everything that runs in the group. A server that could
// not undo it does nothing.
func (g *Group) Rank(rank Rank) {
	if g.User == nil || !mayRank() {
		return
	}
	g.User.mu.Lock() // so that the group's process is not reaped meanwhile
	defer g.User.mu.Unlock()
	seen := map[int]bool{}
	for look, found := 0, true; found && look < rankLooks && slices.Contains(g.User.groups, g); look++ {
		found = false
		for _, thread := range threads(g.pid) {
			if !seen[thread] {
				seen[thread], found = true, true
				rank.give(thread)
			}
		}
	}
}

// give ranks one thread. A thread that is gone is skipped.
func (r Rank) give(thread int) {
	attr, err := unix.SchedGetAttr(thread, 0)
	if err != nil || attr.Policy != unix.SCHED_NORMAL && attr.Policy != unix.SCHED_IDLE {
		return
	}
	attr.Policy = unix.SCHED_NORMAL
	if attr.Nice == min(ownNice()+lower, 19) {
		attr.Nice = ownNice()
	}
	switch {
	case r == Idle:
		attr.Policy = unix.SCHED_IDLE
	case r == Lower && attr.Nice == ownNice():
		attr.Nice = min(attr.Nice+lower, 19)
	}
	_ = unix.SchedSetAttr(thread, attr, 0)
}

// threads returns those of a process and of all that it has started.
func threads(pid int) (out []int) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "task")
	tasks, _ := os.ReadDir(dir)
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		if err != nil {
			continue
		}
		out = append(out, id)
		children, _ := os.ReadFile(filepath.Join(dir, task.Name(), "children"))
		for _, field := range bytes.Fields(children) {
			if child, err := strconv.Atoi(string(field)); err == nil {
				out = append(out, threads(child)...)
			}
		}
	}
	return out
}

// ownNice is the server's nice level.
var ownNice = sync.OnceValue(func() int32 {
	attr, err := unix.SchedGetAttr(os.Getpid(), 0)
	if err != nil {
		return 0
	}
	return attr.Nice
})

// mayRank reports whether this process can undo a rank. Without CAP_SYS_NICE the
// kernel lets a thread fall behind, but never come back.
var mayRank = sync.OnceValue(func() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_SYS_NICE) != 0
})
