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
	// killWait bounds the wait for killed processes to be gone.
	killWait = 5 * time.Second
	// stopWait bounds the wait for them to stand still before.
	stopWait = 200 * time.Millisecond
)

// Kill ends every process of the group and waits until none is left but the
// group's own first process, which stays a zombie (its pid cannot be reused
// meanwhile) until the caller reaps it.
func (g *Group) Kill() error {
	if g.pid == 0 {
		return nil
	}
	if g.User != nil {
		return g.User.end(g)
	}
	return killAll(g.members, g.mark) // the first process not before the rest: descent ends with it
}

// killUser ends all that runs as uid. It does not look first whether anything
// does: what forks and exits over and over slips through the process table.
func killUser(uid uint32) error {
	who := "uid " + strconv.Itoa(int(uid))
	running := func(table []proc) (pids []int) {
		for _, p := range table {
			if p.uid == uid && !p.zombie {
				pids = append(pids, p.pid)
			}
		}
		return pids
	}
	if err := killAs(uid); err != nil { // the host is short of processes: one by one, then
		return killAll(running, who)
	}
	return untilGone(func() bool { return len(running(processes())) == 0 }, who)
}

// killAs runs kill(-1) as uid.
func killAs(uid uint32) error {
	cmd := exec.Command(self)
	cmd.Args = []string{shimKill, strconv.Itoa(int(uid))}
	cmd.Env = []string{} // the server's own is none of the function's business
	if err := startChild(cmd); err != nil {
		return err
	}
	return waitChild(cmd)
}

// members are the group's live processes: what descends from its first one and
// what carries its mark.
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

// unmarked are orphans that carry no mark at all: a function's processes that
// wiped their environment. Whose they were cannot be told, so they go with the
// next group that is ended.
func unmarked() (pids []int) {
	orphans(processes, os.Getpid(), func(p proc) {
		if mark, readable := markOf(p.pid); !p.zombie && readable && mark == "" {
			pids = append(pids, p.pid)
		}
	})
	return pids
}

// killAll ends what find finds until it finds nothing. All are stopped first,
// until no new one shows up: killed one by one, a fork bomb would outrun the
// killer, and a child whose parent is dead may not be found any more.
func killAll(find func(table []proc) []int, who string) error {
	killed := map[int]bool{}
	return untilGone(func() bool {
		victims := stopAll(find)
		for pid := range victims {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			killed[pid] = true
		}
		// A killed process that is not dead yet may not be found any more: its parent is.
		maps.DeleteFunc(killed, func(pid int, _ bool) bool { return dead(pid) })
		return len(killed) == 0
	}, who)
}

// dead reports whether a process has ended.
func dead(pid int) bool {
	p, ok := readProc(pid)
	return !ok || p.zombie
}

// stopAll stops what find finds until there is no more and all stand still,
// because a fork that has begun goes on after the signal.
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
func untilGone(step func() bool, who string) error {
	end := time.Now().Add(killWait)
	for pause := 200 * time.Microsecond; !step(); pause = min(2*pause, 20*time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("processes of %s are still there %s after being killed", who, killWait)
		}
		time.Sleep(pause)
	}
	return nil
}

// Sweep kills every process whose mark begins with prefix: what a server that
// was killed left behind.
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
