package sandbox

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// killWait bounds the wait until killed processes are gone.
	killWait = 5 * time.Second
	// stopWait bounds the wait until stopped processes stand still.
	stopWait = 200 * time.Millisecond
)

// Kill ends every process of the group and waits until none is left but the group's
// first one. That stays a zombie, so that its pid is not used again, until the
// caller reaps it.
func (g *Group) Kill() error {
	if g.pid == 0 {
		return nil
	}
	if g.User != nil {
		return g.User.end(g)
	}
	return killAll(g.members, g.mark) // the first process goes last: descent is traced from it
}

// killUser ends everything that runs as uid. It does not look first whether anything
// does, because a process that forks and exits over and over is hardly ever in the
// process table.
func killUser(uid uint32) error {
	what := "uid " + strconv.Itoa(int(uid))
	running := func(table []proc) (pids []int) {
		for _, p := range table {
			if p.uid == uid && !p.zombie {
				pids = append(pids, p.pid)
			}
		}
		return pids
	}
	if err := killAs(uid); err != nil { // the host is short of processes: kill them one by one
		return killAll(running, what)
	}
	return untilGone(func() bool { return len(running(processes())) == 0 }, what)
}

// killAs runs kill(-1) as uid.
func killAs(uid uint32) error {
	cmd := exec.Command(self)
	cmd.Args = []string{shimKill, strconv.Itoa(int(uid))}
	cmd.Env = []string{} // the function must not see the server's own
	if err := startChild(cmd); err != nil {
		return err
	}
	return waitChild(cmd)
}

// members returns the group's live processes: the descendants of its first one, and
// all that carry its mark.
func (g *Group) members(table []proc) []int {
	var roots []int
	if g.held() {
		roots = append(roots, g.pid)
	}
	if adopting.Load() {
		roots = append(roots, unmarked()...)
	}
	tree := descendants(table, roots...)
	var out []int
	for _, p := range table {
		if !p.zombie && (tree[p.pid] || carries(p.pid, g.mark)) {
			out = append(out, p.pid)
		}
	}
	return out
}

// unmarked returns orphans that carry no mark: a function's processes that wiped
// their environment. Their function is unknown, so they go with the next group that
// is ended.
func unmarked() (pids []int) {
	orphans(processes, os.Getpid(), func(p proc) {
		if mark, readable := markOf(p.pid); !p.zombie && readable && mark == "" {
			pids = append(pids, p.pid)
		}
	})
	return pids
}

// killAll ends the processes that find returns, until it returns none. It first
// stops all of them, until no new one shows up. If it killed them one by one, a fork
// bomb would outrun it, and find might miss a child whose parent is dead.
func killAll(find func(table []proc) []int, what string) error {
	killed := map[int]bool{}
	return untilGone(func() bool {
		victims := stopAll(find)
		for pid := range victims {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			killed[pid] = true
		}
		// find may miss a killed process that is not dead yet, because its parent
		// is.
		maps.DeleteFunc(killed, func(pid int, _ bool) bool { return dead(pid) })
		return len(killed) == 0
	}, what)
}

// dead reports whether a process has ended.
func dead(pid int) bool {
	p, ok := readProc(pid)
	return !ok || p.zombie
}

// stopAll stops the processes that find returns, until there is no new one and all
// stand still: a fork in progress goes on after the signal.
func stopAll(find func(table []proc) []int) map[int]bool {
	victims := map[int]bool{}
	for end := time.Now().Add(stopWait); ; {
		table := processes()
		settled := !slices.ContainsFunc(table, func(p proc) bool { return victims[p.pid] && !p.still })
		for _, pid := range find(table) {
			if !victims[pid] {
				victims[pid], settled = true, false
				_ = syscall.Kill(pid, syscall.SIGSTOP)
			}
		}
		if settled || time.Now().After(end) {
			return victims
		}
	}
}

// untilGone repeats step until it reports that nothing is left.
func untilGone(step func() bool, what string) error {
	end := time.Now().Add(killWait)
	for pause := 200 * time.Microsecond; !step(); pause = min(2*pause, 20*time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("processes of %s are still there %s after being killed", what, killWait)
		}
		time.Sleep(pause)
	}
	return nil
}

// Sweep kills every process whose mark starts with prefix: those that a killed
// server left behind.
func Sweep(prefix string) error {
	return killAll(func(table []proc) (pids []int) {
		for _, p := range table {
			if mark, _ := markOf(p.pid); !p.zombie && p.pid != os.Getpid() && strings.HasPrefix(mark, prefix) {
				pids = append(pids, p.pid)
			}
		}
		return pids
	}, prefix)
}
