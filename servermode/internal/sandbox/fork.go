package sandbox

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Forker forks a process from one that has its program in memory already.
type Forker interface {
	// Fork makes a process that does nothing until it is released.
	Fork() (Child, error)
}

// Child is a process that was forked. Its parent keeps it as a zombie until Reap, so
// that its pid stays its own.
type Child interface {
	PID() int
	// Pidfd returns a descriptor of the process, whatever process has its pid by
	// now. The caller closes it.
	Pidfd() int
	// Release gives the process its descriptors 0 to 3, and lets it apply the
	// confines and become its program. An error means that it has not, and never
	// will.
	Release(files [4]*os.File, confines Confines) error
	// Reap frees the pid. The process has ended, or was not released and will end.
	// It returns false if the process's parent is gone; then the process may be this
	// program's own child.
	Reap() bool
}

// Fork is Start for a process that is forked.
func (g *Group) Fork(by Forker, files [4]*os.File) (pidfd int, err error) {
	if err := g.enter(func() (pid int, err error) { pid, pidfd, err = g.beget(by); return pid, err }); err != nil {
		return -1, err
	}
	if err := g.child.Release(files, g.confines("")); err != nil {
		_ = unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0)
		ExitedWithin(pidfd, -1)
		return -1, errors.Join(err, g.Kill(), g.Wait(), unix.Close(pidfd))
	}
	return pidfd, nil
}

// beget forks the group's process, and registers it among the children of this
// program.
func (g *Group) beget(by Forker) (pid, pidfd int, err error) {
	select {
	case <-g.box.closed:
		return 0, -1, ErrClosed
	default:
	}
	child, err := by.Fork()
	if err != nil {
		return 0, -1, err
	}
	pidfd = child.Pidfd()
	children.mu.Lock()
	defer children.mu.Unlock()
	if err := unix.PidfdSendSignal(pidfd, 0, nil, 0); err == unix.ESRCH { // the pid may be another process's by now
		return 0, -1, errors.Join(fmt.Errorf("the forked process is gone: %w", err), unix.Close(pidfd))
	}
	g.cmd, g.child, g.pidfd, g.lost = nil, child, pidfd, false
	children.pids[child.PID()] = child
	return child.PID(), pidfd, nil
}

// reap reaps a forked process, here if its parent is gone.
func (g *Group) reap() error {
	if g.lost = !g.child.Reap(); g.lost {
		_, _ = syscall.Wait4(g.pid, nil, syscall.WNOHANG, nil) // it is our child only where orphans are adopted
	}
	forgetChild(g.pid, g.child)
	return nil
}

// Lost reports whether the group's process ended because the parent that it was
// forked from had ended. Call it after Wait.
func (g *Group) Lost() bool { return g.child != nil && g.lost }

// held reports whether the pid still belongs to the first process. If its parent
// died, the process that inherited the zombie may have reaped it.
func (g *Group) held() bool {
	return g.child == nil || unix.PidfdSendSignal(g.pidfd, 0, nil, 0) != unix.ESRCH
}
