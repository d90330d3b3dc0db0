package process

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// exitPause is how long a read for a result goes on after the process's tree is
// dead. End of file ends it at once, unless an escaped process still holds the pipe.
const exitPause = time.Second

// wait ends the process's whole tree when its first process ends, then reaps it. A
// pidfd reports the exit without a thread of its own. End of file on descriptor 3
// would not report it, because a grandchild may hold the descriptor open.
func (p *Process) wait() {
	_ = unix.SetNonblock(p.pidfd, true)
	exit := os.NewFile(uintptr(p.pidfd), "pidfd")
	if raw, err := exit.SyscallConn(); err == nil {
		_ = raw.Read(func(fd uintptr) bool { return sandbox.ExitedWithin(int(fd), 0) })
	}
	sandbox.ExitedWithin(p.pidfd, -1) // at once, unless the poller refused the pidfd
	close(p.exited)
	_ = p.group.Kill() // the zombie holds its pid until the tree is dead
	_ = p.in.SetWriteDeadline(time.Unix(1, 0))
	_ = p.out.file.SetReadDeadline(time.Now().Add(exitPause))
	_ = p.group.Wait()
	close(p.gone)
	<-p.killed // Kill may be about to use the descriptor
	_ = exit.Close()
}

// Kill ends the process without asking; its tree follows. It does not wait.
func (p *Process) Kill() {
	p.kill.Do(func() {
		_ = unix.PidfdSendSignal(p.pidfd, unix.SIGKILL, nil, 0)
		close(p.killed)
	})
}

// stop asks the process and its process group to end, and kills the process after
// its grace. It returns when the process is dead or dying.
func (p *Process) stop(cause error) {
	select {
	case <-p.exited:
	case <-p.killed:
	default: // not reaped yet, so the group is still its own
		if p.spec.Shielded {
			_ = p.in.Close()
		}
		_ = unix.Kill(-p.PID(), unix.SIGTERM)
		select {
		case <-p.exited:
		case <-p.killed:
		case <-time.After(p.grace(cause)):
		}
	}
	p.Kill()
}

// grace returns how long the process may take to end itself. A cause may shorten the
// owner's grace, for a run whose time was short.
func (p *Process) grace(cause error) time.Duration {
	var short interface {
		Grace(most time.Duration) time.Duration
	}
	if errors.As(cause, &short) {
		return short.Grace(p.spec.StopGrace)
	}
	return p.spec.StopGrace
}

// Close kills the process, waits until nothing of its tree is left and frees
// its descriptors. It must not be called during a run.
func (p *Process) Close() {
	p.free()
	if p.spec.Closed != nil {
		p.closed.Do(p.spec.Closed)
	}
}

func (p *Process) free() {
	p.Kill()
	<-p.gone
	_ = p.in.Close()
	_ = p.out.file.Close()
	if p.framed != nil {
		p.framed.reader.Wait()
	}
	if p.spec.Web != nil {
		p.spec.Web.Close()
	}
	p.logs.close()
}
