package sandbox_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// owner is a server that starts a function and is killed.
func owner(prefix, script string) {
	var users *sandbox.Users
	var user *sandbox.User
	var err error
	if os.Getuid() == 0 {
		if users, err = sandbox.ClaimUsers(); err == nil {
			user, err = users.Acquire()
		}
	}
	cmd := command(script)
	if err == nil {
		_, err = sandbox.New(prefix, limits, users).Group(user).Start(cmd)
	}
	fmt.Println(err)
	time.Sleep(time.Minute)
	os.Exit(1)
}

// killedOwner starts an owner, waits for n processes with the mark, and kills it.
func killedOwner(t *testing.T, prefix, script, mark string, n int) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", prefix, replace(script, mark))
	cmd.Env = []string{envRole + "=owner"}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "<nil>\n", line)
	awaitRunning(t, mark, n+1) // the owner itself has the mark in its arguments
}

func TestGroup_DiesWithItsServer(t *testing.T) {
	mark := token()
	killedOwner(t, token(), `exec sleep T`, mark, 1)
	eventually(t, func() bool { return running(mark) == 0 }, "the function is gone")
}

func TestGroup_DiesWithItsSandbox(t *testing.T) {
	box, mark := newBox(t, token()), token()
	start(t, box, user(t, box), `exec sleep `+mark)
	awaitRunning(t, mark, 1)
	box.Close()
	eventually(t, func() bool { return running(mark) == 0 }, "the function is gone")
}

func TestSweep_EndsWhatAKilledServerLeft(t *testing.T) {
	prefix, mark := token(), token()
	killedOwner(t, prefix+".1", `setsid sleep T & setsid bash -c "setsid sleep T & sleep T" & exec sleep T`, mark, 5)
	eventually(t, func() bool { return running(mark) == 4 }, "the children outlive their parent")
	require.NoError(t, sandbox.Sweep(prefix+".2"))
	assert.Equal(t, 4, running(mark), "another server's are spared")
	require.NoError(t, sandbox.Sweep(prefix+"."))
	assert.Zero(t, running(mark))
}

func TestUsers_ClaimEndsWhatAnEarlierServerLeft(t *testing.T) {
	claim(t) // so that the owner's block is not the first
	mark := token()
	killedOwner(t, token(), `env -i setsid sleep T & exec sleep T`, mark, 2)
	eventually(t, func() bool { claim(t); return running(mark) == 0 }, "the block is claimed again and swept")
}
