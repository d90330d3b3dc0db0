package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// errNoPidfd means a kernel before Linux 5.3.
var errNoPidfd = errors.New("the kernel gives no pidfd: Linux 5.3 or later is needed")

// Cell is where one instance lives: its user and its mark.
type Cell struct {
	User *User // nil: the server's own
	mark string
	pid  int
	box  *Sandbox
}

// Start starts cmd in the cell: cmd's path, arguments, env and files are kept,
// the rest is the sandbox's. pidfd becomes readable when the process ends.
func (c *Cell) Start(cmd *exec.Cmd) (pidfd int, err error) {
	limits := c.box.Limits
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, PidFD: &pidfd}
	if c.User != nil {
		attr.Credential = &syscall.Credential{Uid: c.User.ID, Gid: c.User.ID}
		if c.User.Group != 0 {
			attr.Credential.Groups = []uint32{c.User.Group}
		}
	} else {
		limits.Processes = 0 // counted per uid: it would limit the owner's own programs
	}
	cmd.SysProcAttr = attr
	cmd.Args = append([]string{shimExec, limits.String(), cmd.Path}, cmd.Args[1:]...)
	cmd.Path = self
	cmd.Env = append(cmd.Env, EnvInstance+"="+c.mark)
	if err := c.enter(cmd); err != nil {
		return -1, err
	}
	if pidfd < 0 {
		return -1, errors.Join(errNoPidfd, c.Kill(), c.Wait(cmd))
	}
	return pidfd, nil
}

// enter starts the cell's first process. No other cell of the user is ended
// meanwhile: a process that is just being made does not carry its mark yet.
func (c *Cell) enter(cmd *exec.Cmd) error {
	if c.User != nil {
		c.User.mu.Lock()
		defer c.User.mu.Unlock()
	}
	if err := c.box.start(cmd); err != nil {
		return err
	}
	c.pid = cmd.Process.Pid
	if c.User != nil {
		c.User.cells = append(c.User.cells, c)
	}
	return nil
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
