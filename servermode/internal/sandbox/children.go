package sandbox

import (
	"os/exec"
	"sync"
	"sync/atomic"
)

// children are the processes that this program waits for: those that it started, and
// those that were forked for it, which become its own if their parent dies. Any
// other child is an orphan of some function.
var children = struct {
	mu   sync.Mutex  // guards pids, and is held while a child is started
	pids map[int]any // by pid, the owner: an *exec.Cmd or a Child
}{pids: map[int]any{}}

// adopting is set while this process is the reaper of its descendants.
var adopting atomic.Bool

func startChild(cmd *exec.Cmd) error {
	children.mu.Lock()
	defer children.mu.Unlock()
	err := cmd.Start()
	if err == nil {
		children.pids[cmd.Process.Pid] = cmd
	}
	return err
}

// waitChild reaps a child that startChild started.
func waitChild(cmd *exec.Cmd) error {
	err := cmd.Wait()
	forgetChild(cmd.Process.Pid, cmd)
	return err
}

// forgetChild forgets a child that was reaped, because a new process may have its
// pid by now.
func forgetChild(pid int, owner any) {
	children.mu.Lock()
	defer children.mu.Unlock()
	if children.pids[pid] == owner {
		delete(children.pids, pid)
	}
}

// orphans calls each for every child that this program does not wait for.
func orphans(table func() []proc, parent int, each func(proc)) {
	children.mu.Lock() // so that no child is being started while the table is read
	defer children.mu.Unlock()
	for _, p := range table() {
		if p.parent == parent && children.pids[p.pid] == nil {
			each(p)
		}
	}
}
