package zygote

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lull is how long after a child was taken the next one is forked in advance, so
// that this does not take the CPU from the child that starts.
const lull = 20 * time.Millisecond

// newborn is a child that waits to be told what it becomes. If it is told nothing,
// it ends.
type newborn struct {
	life  *life
	pid   int
	pidfd int
	birth *net.UnixConn

	status syscall.WaitStatus // how it ended, as its parent reports
	told   bool               // whether the parent has reported it
}

// bear forks a child.
func (l *life) bear() (*newborn, error) {
	birth, theirs, err := channel(unix.SOCK_STREAM)
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	pid, err := l.fork(theirs)
	if err != nil {
		return nil, errors.Join(err, birth.Close())
	}
	n := &newborn{life: l, pid: pid, birth: birth}
	if n.pidfd, err = unix.PidfdOpen(pid, 0); err != nil {
		n.Reap()
		return nil, err
	}
	return n, nil
}

// take returns the child that was forked in advance, or forks one.
func (l *life) take() (*newborn, error) {
	select {
	case n := <-l.spare:
		return n, nil
	default:
		return l.bear()
	}
}

// stock keeps one child ready, until none can be forked.
func (l *life) stock() {
	for {
		n, err := l.bear()
		if err != nil { // the next take reports it
			return
		}
		select {
		case l.spare <- n:
		case <-l.over:
			_ = unix.Close(n.pidfd)
			n.Reap()
			return
		}
		select {
		case <-time.After(lull):
		case <-l.over:
			return
		}
	}
}

// PID implements sandbox.Child.
func (n *newborn) PID() int { return n.pid }

// Pidfd implements sandbox.Child.
func (n *newborn) Pidfd() int { return n.pidfd }

// tell gives the child its files and says what it becomes. The child answers with
// its own pid. If that is the pid that the parent named, no other process had that
// pid by then.
func (n *newborn) tell(text []byte, files []*os.File) error {
	_ = n.birth.SetDeadline(time.Now().Add(patience))
	if err := sendFiles(n.birth, "b", files); err != nil {
		return err
	}
	if _, err := n.birth.Write(text); err != nil {
		return err
	}
	if err := n.birth.CloseWrite(); err != nil {
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(n.birth, 4096))
	if err == nil && string(answer) != strconv.Itoa(n.pid) {
		err = fmt.Errorf("the forked process %d said %q", n.pid, answer)
	}
	return err
}

// Reap implements sandbox.Child.
func (n *newborn) Reap() bool {
	_ = n.birth.Close()
	status, err := n.life.reap(n.pid)
	n.status, n.told = syscall.WaitStatus(status), err == nil && status >= 0
	return err == nil
}

// Exited returns how the child ended, after Reap.
func (n *newborn) Exited() (status syscall.WaitStatus, known bool) { return n.status, n.told }
