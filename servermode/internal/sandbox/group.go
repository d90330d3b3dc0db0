package sandbox

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// errNoPidfd means a kernel before Linux 5.3.
var errNoPidfd = errors.New("the kernel gives no pidfd: Linux 5.3 or later is needed")

// Group is the processes of one instance: their user, their folders and their mark.
type Group struct {
	User *User // nil: the server's own
	// Folders are the process's own; nil: it shares all folders with the host. Set
	// them before the process is started.
	Folders *Folders

	mark  string
	pid   int
	cmd   *exec.Cmd // of a process that was started
	child Child     // one that was forked
	pidfd int       // of the child; its holder closes it
	lost  bool      // the child was reaped without its parent
	box   *Sandbox

	probes bool // the process only tries its confines
}

// Start starts cmd in the group. It keeps cmd's path, arguments, environment and
// files, and sets the rest. pidfd becomes readable when the process ends.
func (g *Group) Start(cmd *exec.Cmd) (pidfd int, err error) {
	confines := g.confines(cmd.Dir)
	report, theirs, err := os.Pipe()
	if err != nil {
		return -1, err
	}
	defer report.Close()
	confines.Report = firstExtra + len(cmd.ExtraFiles)
	cmd.ExtraFiles = append(slices.Clone(cmd.ExtraFiles), theirs)
	text, err := jsontext.Marshal(confines)
	if err != nil {
		return -1, errors.Join(err, theirs.Close())
	}
	cmd.SysProcAttr = confines.attributes(&pidfd)
	cmd.Args = append([]string{g.shim(), string(text), cmd.Path}, cmd.Args[1:]...)
	cmd.Path = self
	cmd.Env = shielded(cmd.Env, g.mark)
	err = g.enter(func() (int, error) { return g.exec(cmd) })
	_ = theirs.Close()
	switch {
	case err != nil:
		return -1, err
	case pidfd < 0:
		return -1, errors.Join(errNoPidfd, g.Kill(), g.Wait())
	}
	if err := reported(report); err != nil {
		ExitedWithin(pidfd, -1)
		killed := g.Kill()
		_ = g.Wait() // its status says nothing more
		return -1, errors.Join(err, killed, unix.Close(pidfd))
	}
	return pidfd, nil
}

// firstExtra is the first descriptor of a command's ExtraFiles.
const firstExtra = 3

// ConfineError is what kept the shim from becoming the function's program. It is the
// host's fault, never the function's.
type ConfineError struct{ Cause string }

func (e *ConfineError) Error() string { return "the process could not be confined: " + e.Cause }

// reported waits until the shim has become the program, or says why it has not. The
// end of the process also ends the wait.
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

// shim returns the name under which the server's binary does the group's work.
func (g *Group) shim() string {
	if g.probes {
		return shimProbe
	}
	return shimExec
}

// attributes returns the attributes with which the shim is started. As root it needs
// its privileges until its mounts are made.
func (c Confines) attributes(pidfd *int) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, PidFD: pidfd, Cloneflags: uintptr(c.Spaces)}
	if c.Spaces&syscall.CLONE_NEWUSER != 0 {
		// These are for mounts, and for what an overlay does in its mounter's name.
		// The shim maps the ids itself. Package syscall would map them by a pipe,
		// whose two descriptors the server would lose at each start that the host
		// refuses.
		attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER}
	}
	return attr
}

// limits returns the limits of the group's processes.
func (g *Group) limits() Limits {
	limits := g.box.Limits
	if g.User == nil {
		limits.Processes = 0 // the kernel counts per uid: it would limit the owner's own programs
	}
	return limits
}

func (g *Group) exec(cmd *exec.Cmd) (pid int, err error) {
	if err := g.box.start(cmd); err != nil {
		return 0, err
	}
	g.cmd, g.child = cmd, nil
	return cmd.Process.Pid, nil
}

// enter makes the group's first process. No other group of the user is ended
// meanwhile, because a process that is being made does not carry its mark yet.
func (g *Group) enter(make func() (pid int, err error)) (err error) {
	if g.User != nil {
		g.User.mu.Lock()
		defer g.User.mu.Unlock()
	}
	if g.pid, err = make(); err != nil {
		g.pid = 0
		return err
	}
	if g.User != nil {
		g.User.groups = append(g.User.groups, g)
		g.User.exposed = g.User.exposed || g.Folders == nil || g.Folders.spaces == 0
	}
	return nil
}

// PID returns the first process's id, 0 before there is one.
func (g *Group) PID() int { return g.pid }

// Wait reaps the group's process. Call it after Kill. For a process that was
// started, the error is its exit status.
func (g *Group) Wait() error {
	if g.child != nil {
		return g.reap()
	}
	return waitChild(g.cmd)
}

// Adopt gives a file or pipe to the group's user, which otherwise could not open
// /dev/stdout.
func (g *Group) Adopt(f *os.File) error {
	if g.User == nil {
		return nil
	}
	return f.Chown(int(g.User.ID), int(g.User.ID))
}
