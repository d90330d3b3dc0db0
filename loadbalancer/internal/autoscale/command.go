package autoscale

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/internal/procgroup"
)

// Command is a hook that is a program and its arguments. It gets the message on
// stdin, and in its environment WHISKAWAY_ACTION (up or down) and, with down,
// WHISKAWAY_SERVER and WHISKAWAY_SERVER_URL. That it has ended with 0 means that
// it succeeded, whatever it has left running.
type Command []string

// hookGrace is how long a hook that takes too long may take to end itself.
const hookGrace = 2 * time.Second

// Call runs the program. One that takes too long is ended with what it started.
func (c Command) Call(ctx context.Context, a Action) (string, error) {
	if len(c) == 0 {
		return "", errors.New("the hook has no command")
	}
	body, err := a.message()
	if err != nil {
		return "", err
	}
	out := &bounded{left: maxOutput}
	cmd := exec.CommandContext(ctx, c[0], c[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(body), out, out
	cmd.Env = append(foreign(os.Environ()), "WHISKAWAY_ACTION="+a.Kind.String(), "WHISKAWAY_SERVER="+a.Host.Name, "WHISKAWAY_SERVER_URL="+a.Host.URL)
	procgroup.Own(cmd)
	cmd.Cancel = func() error { return procgroup.Signal(cmd, syscall.SIGTERM) }
	cmd.WaitDelay = hookGrace // then it is killed
	err = cmd.Run()
	if cmd.Process != nil && ctx.Err() != nil {
		_ = procgroup.Signal(cmd, syscall.SIGKILL) // what it left of its group
		err = fmt.Errorf("it was ended, %w: %w", ErrOpen, context.Cause(ctx))
	} else if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // a server, say, that it has started and that has its output
	}
	return out.String(), err
}

// foreign leaves out what are the balancer's settings: a server that a hook
// starts would take them for its own.
func foreign(environ []string) []string {
	return slices.DeleteFunc(environ, func(entry string) bool { return strings.HasPrefix(entry, "WHISKAWAY_") })
}

// bounded keeps the first bytes of what is written.
type bounded struct {
	kept bytes.Buffer // not embedded: its ReadFrom would pass Write by
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.left -= n
	b.kept.Write(p[:n])
	return len(p), nil
}

func (b *bounded) String() string { return b.kept.String() }
