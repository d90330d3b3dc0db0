package sandbox_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// envRole makes the test binary play another part: see owner.
const envRole = "WHISKAWAY_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(envRole) {
	case "owner":
		owner(os.Args[1], os.Args[2])
	}
	os.Exit(m.Run())
}

// limits allow for the processes of one function and no bomb.
var limits = sandbox.Limits{Files: 100, Processes: 40, FileSize: 1 << 20}

// newBox returns a sandbox as a server has it: with users of its own as root.
func newBox(t *testing.T, prefix string) *sandbox.Sandbox {
	var users *sandbox.Users
	if os.Getuid() == 0 {
		users = claim(t)
	}
	box := sandbox.New(prefix, limits, users)
	t.Cleanup(box.Close)
	return box
}

func claim(t *testing.T) *sandbox.Users {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can run functions as users of their own")
	}
	users, err := sandbox.ClaimUsers()
	require.NoError(t, err)
	t.Cleanup(func() { _ = users.Close() })
	return users
}

// user returns one of the box's users, nil if it has none.
func user(t *testing.T, box *sandbox.Sandbox) *sandbox.User {
	t.Helper()
	if box.Users == nil {
		return nil
	}
	u, err := box.Users.Acquire()
	require.NoError(t, err)
	return u
}

// function is a shell script in a group.
type function struct {
	group *sandbox.Group
	cmd   *exec.Cmd
	pidfd int
}

// start runs a script as a new function of user. end kills it.
func start(t *testing.T, box *sandbox.Sandbox, user *sandbox.User, script string, args ...string) *function {
	t.Helper()
	f := &function{group: box.Group(user), cmd: command(script, args...)}
	f.run(t)
	return f
}

func command(script string, args ...string) *exec.Cmd {
	cmd := exec.Command("/bin/bash", append([]string{"-c", script}, args...)...)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.Dir = "/"
	return cmd
}

func (f *function) run(t *testing.T) {
	t.Helper()
	var err error
	f.pidfd, err = f.group.Start(f.cmd)
	require.NoError(t, err)
	t.Cleanup(func() { f.end(t) })
}

func (f *function) exited() bool {
	n, _ := unix.Poll([]unix.PollFd{{Fd: int32(f.pidfd), Events: unix.POLLIN}}, 0)
	return n > 0
}

func (f *function) end(t *testing.T) {
	t.Helper()
	if f.pidfd < 0 {
		return
	}
	require.NoError(t, f.group.Kill())
	_ = f.group.Wait()
	require.NoError(t, os.NewFile(uintptr(f.pidfd), "pidfd").Close())
	f.pidfd = -1
}

// output runs a script to its end and returns what it printed.
func output(t *testing.T, box *sandbox.Sandbox, script string, files ...*os.File) string {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	f := &function{group: box.Group(user(t, box)), cmd: command(script)}
	f.cmd.Stdout, f.cmd.Stderr, f.cmd.ExtraFiles = w, w, files
	f.run(t)
	require.NoError(t, w.Close())
	var out bytes.Buffer
	_, err = out.ReadFrom(r)
	require.NoError(t, err)
	f.end(t)
	return out.String()
}

// token returns a number that shows up in the command lines of a test's processes.
func token() string { return fmt.Sprintf("1%09d", rand.IntN(1_000_000_000)) }

// running counts live processes whose command line has token. Dead ones have no
// command line.
func running(token string) (n int) {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		if line, err := os.ReadFile(path); err == nil && bytes.Contains(line, []byte(token)) {
			n++
		}
	}
	return n
}

// eventually polls, with no goroutine of its own to be counted.
func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(2 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "not in time: %s", what)
	}
}

func awaitRunning(t *testing.T, token string, n int) {
	t.Helper()
	eventually(t, func() bool { return running(token) >= n }, strconv.Itoa(n)+" processes run")
}

// lookPath finds a program that a test cannot do without.
func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip("the test needs " + name)
	}
	return path
}
