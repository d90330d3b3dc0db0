package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// killWait bounds the wait for killed processes to be gone.
const killWait = 5 * time.Second

// Kill ends every process of the cell and waits until none is left but the
// cell's own first process, which stays a zombie (its pid cannot be reused
// meanwhile) until the caller reaps it.
func (c *Cell) Kill() error {
	if c.pid == 0 {
		return nil
	}
	_ = syscall.Kill(-c.pid, syscall.SIGKILL)
	if c.User != nil {
		return killUser(c.User.ID)
	}
	return c.killMarked()
}

// killUser ends all that runs as uid.
func killUser(uid uint32) error {
	return untilGone(func() bool {
		for _, p := range processes() {
			if p.uid == uid && !p.zombie {
				return killAs(uid) != nil
			}
		}
		return true
	}, fmt.Sprintf("uid %d", uid))
}

// killAs runs kill(-1) as uid.
func killAs(uid uint32) error {
	cmd := exec.Command(self)
	cmd.Args = []string{shimKill}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	if err := startChild(cmd); err != nil {
		return err
	}
	return waitChild(cmd)
}

// killMarked ends the first process's descendants and all processes that carry
// the cell's mark. They are stopped first, until no new one shows up: killed
// one by one, a fork bomb would outrun the killer.
func (c *Cell) killMarked() error {
	return untilGone(func() bool {
		victims := map[int]bool{}
		for found := true; found; {
			found = false
			for _, p := range c.members(victims) {
				if syscall.Kill(p, syscall.SIGSTOP) == nil {
					found = true
				}
				victims[p] = true
			}
		}
		for pid := range victims {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return len(victims) == 0
	}, c.mark)
}

// members are the cell's live processes that are not in seen.
func (c *Cell) members(seen map[int]bool) []int {
	table := processes()
	tree := map[int]bool{c.pid: true}
	for grown := true; grown; {
		grown = false
		for _, p := range table {
			if tree[p.parent] && !tree[p.pid] {
				tree[p.pid], grown = true, true
			}
		}
	}
	if adopting.Load() {
		c.addStray(tree)
	}
	var out []int
	for _, p := range table {
		if !p.zombie && !seen[p.pid] && (tree[p.pid] || markOf(p.pid) == c.mark) {
			out = append(out, p.pid)
		}
	}
	return out
}

// addStray adds orphans that carry no mark at all: a function's process that
// wiped its environment. Whose it was cannot be told, so it goes with the next
// cell that is ended.
func (c *Cell) addStray(tree map[int]bool) {
	orphans(processes, os.Getpid(), func(p proc) {
		if !p.zombie && markOf(p.pid) == "" {
			tree[p.pid] = true
		}
	})
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
	return untilGone(func() bool {
		clean := true
		for _, p := range processes() {
			if !p.zombie && strings.HasPrefix(markOf(p.pid), prefix) {
				clean = false
				_ = syscall.Kill(p.pid, syscall.SIGKILL)
			}
		}
		return clean
	}, prefix)
}
