// Package sandbox starts a function's process apart from the server and from
// other functions, and ends it with everything it has started: a process group,
// a uid of its own when the server is root, resource limits, no new privileges.
package sandbox

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
)

// EnvInstance marks every process of one instance in its environment, so that
// one that left its process group is found again.
const EnvInstance = "WHISKAWAY_INSTANCE"

// Sandbox starts commands. Its zero value is not usable; see New.
type Sandbox struct {
	Limits Limits
	Users  *Users // nil: functions run as the server's own user
	prefix string
	next   atomic.Uint64
	spawn  chan func()
}

// New returns a sandbox whose instances are named after the server's
// incarnation. users is nil unless the server is root.
func New(incarnation string, limits Limits, users *Users) *Sandbox {
	s := &Sandbox{Limits: limits, Users: users, prefix: incarnation, spawn: make(chan func())}
	go s.spawner()
	return s
}

// spawner starts all processes from one thread that never ends, because a
// parent-death signal is sent when the *thread* that forked ends.
func (s *Sandbox) spawner() {
	runtime.LockOSThread()
	for start := range s.spawn {
		start()
	}
}

// Close ends the spawning thread; what it started ends with it.
func (s *Sandbox) Close() { close(s.spawn) }

// Cell is where one instance lives: its user and its mark.
type Cell struct {
	User *User // nil: the server's own
	mark string
	pid  int
	box  *Sandbox
}

// Cell makes a new, empty cell for a process of user.
func (s *Sandbox) Cell(user *User) *Cell {
	return &Cell{User: user, mark: s.prefix + "." + strconv.FormatUint(s.next.Add(1), 10), box: s}
}

// Start starts cmd in the cell: cmd's path, arguments, env and files are kept,
// the rest is the sandbox's. pidfd becomes readable when the process ends.
func (c *Cell) Start(cmd *exec.Cmd) (pidfd int, err error) {
	limits := c.box.Limits
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, PidFD: &pidfd}
	if c.User != nil {
		attr.Credential = &syscall.Credential{Uid: c.User.ID, Gid: c.User.ID}
	} else {
		limits.Processes = 0 // counted per uid: it would limit the owner's own programs
	}
	cmd.SysProcAttr = attr
	cmd.Args = append([]string{shimExec, limits.String(), cmd.Path}, cmd.Args[1:]...)
	cmd.Path = self
	cmd.Env = append(cmd.Env, EnvInstance+"="+c.mark)
	done := make(chan error, 1)
	c.box.spawn <- func() { done <- startChild(cmd) }
	if err := <-done; err != nil {
		return -1, err
	}
	c.pid = cmd.Process.Pid
	return pidfd, nil
}

// Wait reaps the cell's process; call it after Kill.
func (c *Cell) Wait(cmd *exec.Cmd) error { return waitChild(cmd) }

// Adopt gives a file or pipe to the cell's user, who could not open
// /dev/stdout otherwise.
func (c *Cell) Adopt(f *os.File) error {
	if c.User == nil {
		return nil
	}
	return f.Chown(int(c.User.ID), int(c.User.ID))
}
