package sandbox

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"github.com/go-json-experiment/json"
	"golang.org/x/sys/unix"
)

// errNoPidfd means a kernel before Linux 5.3.
var errNoPidfd = errors.New("the kernel gives no pidfd: Linux 5.3 or later is needed")

// Cell is where one instance lives: its user and its mark.
type Cell struct {
	User *User // nil: the server's own
	// Folders are what its process has of its own; nil: it shares all with the
	// host. Set it before the process is started.
	Folders *Folders

	mark  string
	pid   int
	cmd   *exec.Cmd // of a process that was started
	child Child     // one that was forked
	pidfd int       // its, and its holder's to close
	lost  bool      // it was reaped without its parent
	box   *Sandbox

	probes bool // its process only tries its confines
}

// Start starts cmd in the cell: cmd's path, arguments, env and files are kept,
// the rest is the sandbox's. pidfd becomes readable when the process ends.
func (c *Cell) Start(cmd *exec.Cmd) (pidfd int, err error) {
	confines := c.confines(cmd.Dir)
	report, theirs, err := os.Pipe()
	if err != nil {
		return -1, err
	}
	defer report.Close()
	confines.Report = firstExtra + len(cmd.ExtraFiles)
	cmd.ExtraFiles = append(slices.Clone(cmd.ExtraFiles), theirs)
	text, err := json.Marshal(confines)
	if err != nil {
		return -1, errors.Join(err, theirs.Close())
	}
	cmd.SysProcAttr = confines.attributes(&pidfd)
	cmd.Args = append([]string{c.shim(), string(text), cmd.Path}, cmd.Args[1:]...)
	cmd.Path = self
	cmd.Env = shielded(cmd.Env, c.mark)
	err = c.enter(func() (int, error) { return c.exec(cmd) })
	_ = theirs.Close()
	switch {
	case err != nil:
		return -1, err
	case pidfd < 0:
		return -1, errors.Join(errNoPidfd, c.Kill(), c.Wait())
	}
	if err := reported(report); err != nil {
		awaitExit(pidfd)
		killed := c.Kill()
		_ = c.Wait() // its status says no more
		return -1, errors.Join(err, killed, unix.Close(pidfd))
	}
	return pidfd, nil
}

// firstExtra is the first descriptor of a command's ExtraFiles.
const firstExtra = 3

// ConfineError is what kept the shim from becoming the function's program: the
// host's fault, never the function's.
type ConfineError struct{ Cause string }

func (e *ConfineError) Error() string { return "the process could not be confined: " + e.Cause }

// reported waits until the shim has become the program, or says why it has not.
// The end of the process ends it too.
func reported(report *os.File) error {
	text, err := io.ReadAll(report)
	switch {
	case err != nil:
		return err
	case len(text) > 0:
		return &ConfineError{string(text)}
	}
	return nil
}

// shim is the name under which the sandbox's binary does the cell's work.
func (c *Cell) shim() string {
	if c.probes {
		return shimProbe
	}
	return shimExec
}

// attributes are what the shim is started with: as root it needs its rights until
// its mounts are made.
func (c Confines) attributes(pidfd *int) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, PidFD: pidfd, Cloneflags: uintptr(c.Spaces)}
	if c.Spaces&syscall.CLONE_NEWUSER != 0 {
		// To mount; and what an overlay does in its mounter's name. The ids are mapped by
		// the shim: each start that the host refuses would cost the server the two
		// descriptors of the pipe by which package syscall maps them.
		attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER}
	}
	return attr
}

// limits are those of the cell's processes.
func (c *Cell) limits() Limits {
	limits := c.box.Limits
	if c.User == nil {
		limits.Processes = 0 // counted per uid: it would limit the owner's own programs
	}
	return limits
}

func (c *Cell) exec(cmd *exec.Cmd) (pid int, err error) {
	if err := c.box.start(cmd); err != nil {
		return 0, err
	}
	c.cmd, c.child = cmd, nil
	return cmd.Process.Pid, nil
}

// enter makes the cell's first process. No other cell of the user is ended
// meanwhile: a process that is just being made does not carry its mark yet.
func (c *Cell) enter(make func() (pid int, err error)) (err error) {
	if c.User != nil {
		c.User.mu.Lock()
		defer c.User.mu.Unlock()
	}
	if c.pid, err = make(); err != nil {
		c.pid = 0
		return err
	}
	if c.User != nil {
		c.User.cells = append(c.User.cells, c)
		c.User.exposed = c.User.exposed || c.Folders == nil || c.Folders.spaces == 0
	}
	return nil
}

// PID is the first process's, 0 before there is one.
func (c *Cell) PID() int { return c.pid }

// Wait reaps the cell's process; call it after Kill. The error of one that was
// started is its exit status.
func (c *Cell) Wait() error {
	if c.child != nil {
		return c.reap()
	}
	return waitChild(c.cmd)
}

// Adopt gives a file or pipe to the cell's user, who could not open
// /dev/stdout otherwise.
func (c *Cell) Adopt(f *os.File) error {
	if c.User == nil {
		return nil
	}
	return f.Chown(int(c.User.ID), int(c.User.ID))
}
