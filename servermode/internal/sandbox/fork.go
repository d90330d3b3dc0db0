package sandbox

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Forker makes a process by forking one that has loaded its program already.
type Forker interface {
	// Fork makes a process that does nothing of its own until it is released.
	Fork() (Child, error)
}

// Child is a process that was forked. Its parent keeps it as a zombie, and so
// its pid, until Reap.
type Child interface {
	PID() int
	// Pidfd is of the process, whatever has its pid by now; the caller closes it.
	Pidfd() int
	// Release gives it its descriptors 0 to 3, and lets it put the confines on itself
	// and become its program; an error means that it has not, and never will.
	Release(files [4]*os.File, confines Confines) error
	// Reap gives its pid up; its process has ended, or is unreleased and will. False
	// means that its parent is gone, and it may be this process's own child.
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

// beget forks the group's process, and makes it this program's to wait for.
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
	if err := unix.PidfdSendSignal(pidfd, 0, nil, 0); err == unix.ESRCH { // and its pid may be another's
		return 0, -1, errors.Join(fmt.Errorf("the forked process is gone: %w", err), unix.Close(pidfd))
	}
	g.cmd, g.child, g.pidfd, g.lost = nil, child, pidfd, false
	children.pids[child.PID()] = child
	return child.PID(), pidfd, nil
}

// reap reaps a forked process, here if its parent is no more.
func (g *Group) reap() error {
	if g.lost = !g.child.Reap(); g.lost {
		_, _ = syscall.Wait4(g.pid, nil, syscall.WNOHANG, nil) // not ours, unless orphans are adopted
	}
	forgetChild(g.pid, g.child)
	return nil
}

// Lost reports whether the group's process, which has ended and was waited for,
// had lost the parent that it was forked from: it has ended with that.
func (g *Group) Lost() bool { return g.child != nil && g.lost }

// held reports whether the pid is still the first process's: a zombie whose
// parent died may have been reaped by the process that inherited it.
func (g *Group) held() bool {
	return g.child == nil || unix.PidfdSendSignal(g.pidfd, 0, nil, 0) != unix.ESRCH
}
