package sandbox

import (
	"context"
	"errors"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// Run runs a command in the group to its end and kills what it leaves behind. When
// ctx ends, Run kills it with all it started, and returns ctx's cause.
func (g *Group) Run(ctx context.Context, cmd *exec.Cmd) (*os.ProcessState, error) {
	pidfd, err := g.Start(cmd)
	if err != nil {
		return nil, err
	}
	return g.Attend(ctx, pidfd)
}

// Attend is Run for a command that was started. It closes pidfd.
func (g *Group) Attend(ctx context.Context, pidfd int) (*os.ProcessState, error) {
	defer unix.Close(pidfd)
	signalled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(signalled)
		_ = unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0)
	})
	ExitedWithin(pidfd, -1)
	interrupted := !stop()
	if interrupted {
		<-signalled // before the descriptor's number is used again
	}
	killed := g.Kill() // the zombie holds its pid until the tree is dead
	var exit *exec.ExitError
	if err := g.Wait(); err != nil && !errors.As(err, &exit) {
		return nil, errors.Join(err, killed)
	}
	if interrupted {
		return nil, errors.Join(context.Cause(ctx), killed)
	}
	return g.cmd.ProcessState, killed
}

// ExitedWithin reports whether a pidfd's process has ended, waiting for up to wait
// milliseconds; -1: for as long as it takes.
func ExitedWithin(pidfd, wait int) bool {
	fds := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, wait)
		if err == unix.EINTR {
			continue
		}
		return err != nil || n > 0
	}
}
