//go:build unix

package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

const (
	startTimeout = 2 * time.Minute
	termGrace    = 3 * time.Second
	dialEvery    = 5 * time.Millisecond
)

// Exec is a Target whose container is a process on this machine. {port} in
// Command and Env stands for the loopback port on which the process must
// listen.
type Exec struct {
	Command []string
	// Env is the whole environment ("NAME=value"); nil: this process's own. The
	// environment of a case is added to it.
	Env []string
	// Dir is the working directory; empty: a fresh one for each container.
	Dir string
	// Needs is what the command provides, see Provider.
	Needs Need
}

// Provides returns e.Needs.
func (e Exec) Provides() Need { return e.Needs }

// Start runs the command in its own process group and waits until the port
// accepts connections. Close ends the group: SIGTERM, then SIGKILL.
func (e Exec) Start(ctx context.Context, env map[string]string) (*Container, error) {
	if len(e.Command) == 0 {
		return nil, errors.New("no command")
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &process{done: make(chan struct{}), dir: e.Dir}
	if p.dir == "" {
		if p.dir, err = os.MkdirTemp("", "conformance-"); err != nil {
			return nil, err
		}
		p.ownsDir = true
	}
	if err := p.start(e, port, env); err != nil {
		p.removeDir()
		return nil, err
	}
	if err := p.awaitPort(ctx, port); err != nil {
		return nil, errors.Join(err, p.close(), fmt.Errorf("its stderr: %s", session.Short(p.stderr.bytes())))
	}
	return &Container{
		URL:       "http://127.0.0.1:" + port,
		Stdout:    p.stdout.bytes,
		Stderr:    p.stderr.bytes,
		Immediate: true,
		Close:     sync.OnceValue(p.close),
	}, nil
}

type process struct {
	cmd            *exec.Cmd
	stdout, stderr *pipe
	dir            string
	ownsDir        bool
	done           chan struct{} // closed when the process has been waited for
}

func (p *process) start(e Exec, port string, env map[string]string) error {
	base := e.Env
	if base == nil {
		base = os.Environ()
	}
	args := withPort(e.Command, port)
	p.cmd = exec.Command(args[0], args[1:]...)
	p.cmd.Dir = p.dir
	p.cmd.Env = withPort(base, port)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		p.cmd.Env = append(p.cmd.Env, name+"="+env[name])
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}

	var outEnd, errEnd *os.File
	var err error
	if p.stdout, outEnd, err = newPipe(); err != nil {
		return err
	}
	defer outEnd.Close()
	if p.stderr, errEnd, err = newPipe(); err != nil {
		return errors.Join(err, p.stdout.close())
	}
	defer errEnd.Close()
	p.cmd.Stdout, p.cmd.Stderr = outEnd, errEnd
	if err := p.cmd.Start(); err != nil {
		return errors.Join(err, p.stdout.close(), p.stderr.close())
	}
	go func() {
		_ = p.cmd.Wait() // how it ended does not matter: close ends it
		close(p.done)
	}()
	return nil
}

// awaitPort waits until the port accepts a connection.
func (p *process) awaitPort(ctx context.Context, port string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(dialEvery)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it listened on port %s", p.cmd.Path, port)
		case <-ctx.Done():
			return fmt.Errorf("%s did not listen on port %s: %w", p.cmd.Path, port, ctx.Err())
		case <-tick.C:
		}
	}
}

func (p *process) close() error {
	group := -p.cmd.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM) // fails when it is gone already
	select {
	case <-p.done:
	case <-time.After(termGrace):
	}
	_ = syscall.Kill(group, syscall.SIGKILL) // its children too
	<-p.done
	return errors.Join(p.stdout.close(), p.stderr.close(), p.removeDir())
}

func (p *process) removeDir() error {
	if !p.ownsDir {
		return nil
	}
	return os.RemoveAll(p.dir)
}

func withPort(words []string, port string) []string {
	replaced := make([]string, len(words))
	for i, word := range words {
		replaced[i] = strings.ReplaceAll(word, "{port}", port)
	}
	return replaced
}

// handedOut keeps parallel cases from getting the same port.
var handedOut sync.Map

func freePort() (string, error) {
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", fmt.Errorf("find a free port: %w", err)
		}
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err := errors.Join(err, l.Close()); err != nil {
			return "", err
		}
		if _, taken := handedOut.LoadOrStore(port, true); !taken {
			return port, nil
		}
	}
}
