package sandbox_test

import (
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

func TestGroup_KillEndsItsTree(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		n      int  // processes with the token
		uid    bool // only where functions have uids of their own
	}{
		"alone":               {`exec sleep T`, 1, false},
		"group":               {`sleep T & sleep T & wait`, 3, false},
		"own session":         {`setsid sleep T & wait`, 2, false},
		"daemon":              {`(setsid bash -c "sleep T & sleep T & wait" &); exec sleep T`, 4, false},
		"daemon, parent gone": {`(setsid sleep T &)`, 1, false},
		"no environment":      {`env -i setsid bash -c "sleep T & wait" & wait`, 3, false},
		"daemon without one":  {`(env -i setsid sleep T &); exec sleep T`, 2, true},
		"stopped":             {`setsid sleep T & kill -STOP $!; wait`, 2, false},
		"deaf to signals":     {`trap "" TERM HUP INT QUIT; setsid sleep T & wait`, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			box := newBox(t, token())
			if c.uid && box.Users == nil {
				t.Skip("needs a uid of its own, or a reaper")
			}
			mark := token()
			f := start(t, box, user(t, box), replace(c.script, mark))
			awaitRunning(t, mark, c.n)
			require.NoError(t, f.group.Kill())
			assert.Zero(t, running(mark))
		})
	}
}

// large takes a while to die, because all its memory has to be freed first. Its
// parent is dead before that, and its environment is wiped, so it cannot be found
// again.
const large = `import os, time
memory = bytearray(700 << 20)
os.write(3, b"x")
time.sleep(100)`

func TestGroup_KillWaitsUntilAllAreDead(t *testing.T) {
	python := lookPath(t, "/usr/bin/python3")
	box := sandbox.New(token(), sandbox.Limits{}, nil)
	t.Cleanup(box.Close)
	held, holds, err := os.Pipe() // hangs up when no process holds it any more
	require.NoError(t, err)
	defer held.Close()
	f := &function{group: box.Group(nil), cmd: command(`env -i setsid `+python+` -c "$0" & exec sleep 1000`, large)}
	f.cmd.ExtraFiles = []*os.File{holds}
	f.run(t)
	require.NoError(t, holds.Close())
	_, err = held.Read(make([]byte, 1))
	require.NoError(t, err, "it is large")
	require.NoError(t, f.group.Kill())
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(held.Fd())}}, 0)
	require.NoError(t, err)
	assert.Equal(t, 1, n, "it is dead")
}

// bomb forks as fast as it can, each process in a session of its own, for 20 s
// at most; $0 is the token.
const bomb = `ulimit -u 40; export END=$((EPOCHSECONDS+20)) BOMB='
while ((EPOCHSECONDS < END)); do (setsid bash -c "$BOMB" "$0" &); done'
exec 2>/dev/null; exec bash -c "$BOMB" "$0"`

func TestGroup_KillEndsForkBomb(t *testing.T) {
	if uid := os.Getuid(); uid != 0 && uid != ordinaryUser {
		t.Skip("limits count the user's other processes too; as root this runs with and without users of its own")
	}
	box := newBox(t, token())
	mark := token()
	f := start(t, box, user(t, box), bomb, mark)
	awaitRunning(t, mark, 15)
	require.NoError(t, f.group.Kill())
	assert.Zero(t, running(mark))
}

// hop forks and exits over and over: it is hardly ever in a process table.
const hop = `import os, time
end = time.time() + 40
os.setsid()
os.write(3, b"x")
while time.time() < end:
    if os.fork():
        os._exit(0)`

func TestGroup_KillEndsWhatForksAndExits(t *testing.T) {
	users := claim(t)
	python := lookPath(t, "/usr/bin/python3")
	box := sandbox.New(token(), limits, users)
	t.Cleanup(box.Close)
	held, holds, err := os.Pipe() // ends when no process holds it any more
	require.NoError(t, err)
	defer held.Close()
	f := &function{group: box.Group(user(t, box)), cmd: command(`(env -i `+python+` -c "$1" &); exec sleep 1000`, "", hop)}
	f.cmd.ExtraFiles = []*os.File{holds}
	f.run(t)
	require.NoError(t, holds.Close())
	_, err = held.Read(make([]byte, 1))
	require.NoError(t, err, "it hops")
	require.NoError(t, f.group.Kill())
	require.NoError(t, held.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = held.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
}

// murderer kills everything else that runs as its user, as often as it can.
const murderer = `import os, signal, time
end = time.time() + 20
os.setsid()
while time.time() < end:
    try: os.kill(-1, signal.SIGKILL)
    except OSError: pass`

func TestGroup_KillEndsWhatKillsItsKiller(t *testing.T) {
	users := claim(t)
	python := lookPath(t, "/usr/bin/python3")
	box := sandbox.New(token(), limits, users)
	t.Cleanup(box.Close)
	mark, u := token(), user(t, box)
	f := start(t, box, u, `(env -i `+python+` -c "$1" "$2" &); exec sleep "$2"`, "", murderer, mark)
	eventually(t, f.exited, "the sleeper is its victim")
	require.NoError(t, f.group.Kill())
	assert.Zero(t, running(mark))
}

func TestGroup_KillSparesOtherGroupsOfTheUser(t *testing.T) {
	users := claim(t)
	box := sandbox.New(token(), limits, users)
	t.Cleanup(box.Close)
	u, one, two := user(t, box), token(), token()
	script := `(setsid sleep T &); setsid env -i sleep T & sleep T`
	first := start(t, box, u, replace(script, one)+`& (env -i setsid sleep `+one+` &); wait`)
	second := start(t, box, u, replace(script, two))
	awaitRunning(t, one, 5)
	awaitRunning(t, two, 4)
	require.NoError(t, first.group.Kill())
	assert.Zero(t, running(one), "the first group's")
	assert.Equal(t, 4, running(two), "the second group's")
	require.NoError(t, second.group.Kill())
	assert.Zero(t, running(two))
}

func TestGroup_KillBeforeStart(t *testing.T) {
	assert.NoError(t, sandbox.New(token(), limits, nil).Group(nil).Kill())
}
