package process

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// exitNotice is how long to wait for the exit of a process that closed its
// descriptors: they are closed a moment before the process is dead.
const exitNotice = 250 * time.Millisecond

// ExitError is an ErrExited that says how the process ended.
type ExitError struct {
	Status syscall.WaitStatus
	Cause  string // what may have ended it, for a reader; empty: unknown
}

func (e *ExitError) Error() string {
	text := fmt.Sprintf("%v: exit status %d", ErrExited, e.Status.ExitStatus())
	if s := e.Status; s.Signaled() {
		text = fmt.Sprintf("%v: killed by signal %d", ErrExited, s.Signal())
		if name := unix.SignalName(s.Signal()); name != "" {
			text += " (" + name + ")"
		}
	}
	if e.Cause != "" {
		text += ": " + e.Cause
	}
	return text
}

// Is reports whether target is ErrExited.
func (e *ExitError) Is(target error) bool { return target == ErrExited }

// end kills the process after a failure and waits until its tree is dead, so that
// its last words are in the pipes. It returns why the process failed.
func (p *Process) end(err error) error {
	ended := p.endedItself(err)
	p.Kill()
	<-p.gone
	if ended {
		return p.how()
	}
	return err
}

// endedItself reports whether err is the end of the process, and the server did not
// kill it. Call it before Kill.
func (p *Process) endedItself(err error) bool {
	if !errors.Is(err, ErrExited) {
		return false
	}
	select {
	case <-p.killed:
		return false
	default:
	}
	select {
	case <-p.exited:
		return true
	case <-p.killed:
	case <-time.After(exitNotice): // it has closed a descriptor, and lives
	}
	return false
}

// how returns ErrExited with the status of a process that is gone, if that is known.
func (p *Process) how() error {
	if status, known := p.group.Exited(); known {
		return &ExitError{Status: status}
	}
	return ErrExited
}
