// Package harness starts the project's binaries for tests, as a user would:
// real processes and real sockets. It plays their environment too: the invoker,
// collectors of traces, broken links and the proxies of OpenServerless.
package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Patience bounds how long a test waits for something that has to happen. It
// promises nothing about how long that takes: the machine may be busy.
const Patience = 5 * time.Minute

// Env is what every binary gets: the race detector would sleep at each exit.
var Env = []string{"GORACE=atexit_sleep_ms=0"}

// ofService is the further environment of each service's binaries: the log on
// stderr, where the tests read it, and tenants that trust each other.
var ofService = map[string][]string{"servermode": {"WHISKAWAY_LOG=stderr", "WHISKAWAY_ALLOW_SHARED_USER=true"}}

// Bins is where the binaries are.
var Bins string

// Main builds the binaries, with the race detector if the tests have it, and
// runs the tests.
func Main(m *testing.M) {
	dir, err := os.MkdirTemp("", "whiskaway-test-")
	if err == nil {
		err = errors.Join(os.Chmod(dir, 0o755), Build(dir, raceFlag...))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building the binaries:", err)
		os.Exit(1)
	}
	Bins = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// Build builds all commands into dir.
func Build(dir string, flags ...string) error {
	args := append([]string{"build", "-o", dir + "/"}, flags...)
	cmd := exec.Command("go", append(args, "github.com/whiskaway/whiskaway/cmd/...")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// Process is a running binary that logs where it serves.
type Process struct {
	Cmd    *exec.Cmd
	URL    string
	Stdout *Buffer
	Stderr *Buffer
	done   chan struct{}
	err    error
}

// Start starts a binary on a free port and waits until it serves. It is killed
// when the test ends.
func Start(t testing.TB, name string, env []string, args ...string) *Process {
	t.Helper()
	return StartAs(t, os.Getuid(), name, env, args...)
}

// StartAs is Start as another user, which takes root.
func StartAs(t testing.TB, uid int, name string, env []string, args ...string) *Process {
	t.Helper()
	p, err := launch(uid, name, env, args)
	require.NoError(t, err)
	t.Cleanup(p.Kill)
	return p
}

func launch(uid int, name string, env, args []string) (*Process, error) {
	logs, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &Process{Stdout: &Buffer{}, Stderr: &Buffer{}, done: make(chan struct{})}
	p.Cmd = exec.Command(filepath.Join(Bins, name), args...)
	p.Cmd.Env = slices.Concat(os.Environ(), Env, ofService[name], env)
	p.Cmd.Stdout, p.Cmd.Stderr = p.Stdout, p.Stderr
	if uid != os.Getuid() {
		p.Cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	if name == "clientmode" { // its streams are the function's
		p.Cmd.ExtraFiles = []*os.File{w}
		p.Cmd.Args = append(p.Cmd.Args, "--log", "/proc/self/fd/3")
	} else {
		p.Cmd.Stderr = w
	}
	err = p.Cmd.Start()
	_ = w.Close()
	if err != nil {
		return nil, err
	}
	serving := make(chan string, 1)
	go p.follow(logs, serving)
	select {
	case p.URL = <-serving:
		return p, nil
	case <-p.done:
		return nil, fmt.Errorf("%s ended before it served: %v: %s", name, p.err, p.Stderr)
	case <-time.After(Patience):
		p.Kill()
		return nil, fmt.Errorf("%s does not serve: %s", name, p.Stderr)
	}
}

// follow reads the JSON log until the process ends, then reaps it.
func (p *Process) follow(logs *os.File, serving chan<- string) {
	defer close(p.done)
	defer logs.Close()
	for lines := bufio.NewScanner(logs); lines.Scan(); {
		var entry struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "serving" && entry.Address != "" {
			select {
			case serving <- "http://" + entry.Address:
			default:
			}
		}
		fmt.Fprintf(p.Stderr, "%s\n", lines.Bytes())
	}
	p.err = p.Cmd.Wait()
}

// Signal sends a signal and waits for the process to end; it returns how.
func (p *Process) Signal(s syscall.Signal) error {
	_ = p.Cmd.Process.Signal(s)
	select {
	case <-p.done:
		return p.err
	case <-time.After(Patience):
		return errors.New("still running")
	}
}

// Kill is kill -9.
func (p *Process) Kill() { _ = p.Signal(syscall.SIGKILL) }

// Buffer is a bytes.Buffer for several goroutines.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Bytes returns a copy of what was written.
func (b *Buffer) Bytes() []byte { return []byte(b.String()) }
