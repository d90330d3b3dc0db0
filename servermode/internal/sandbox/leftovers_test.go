package sandbox_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// litter leaves a file or object wherever every user of a host can write.
const litter = `mkdir -p /tmp/T/deep && touch /tmp/T/deep/f /var/tmp/T /dev/shm/T && ipcmk -M 4096 -S 1 -Q >/dev/null && echo left`

func left(t *testing.T, mark string, uid uint32) (found []string) {
	t.Helper()
	for _, dir := range []string{"/tmp", "/var/tmp", "/dev/shm"} {
		if _, err := os.Lstat(filepath.Join(dir, mark)); err == nil {
			found = append(found, dir)
		}
	}
	for _, name := range []string{"shm", "sem", "msg"} {
		text, err := os.ReadFile("/proc/sysvipc/" + name)
		require.NoError(t, err)
		if strings.Contains(string(text), strconv.Itoa(int(uid))) {
			found = append(found, name)
		}
	}
	return found
}

// Where functions have no folders of their own, a function's last process takes
// along what it left on the host. Otherwise the uid's next holder would have it.
func TestUser_LeavesNothingOnTheHost(t *testing.T) {
	lookPath(t, "ipcmk")
	box, mark := newBox(t, token()), token()
	if box.Users == nil {
		t.Skip("only root can run functions as users of their own")
	}
	u := user(t, box)
	first, second := start(t, box, u, `exec sleep 1000`), start(t, box, u, replace(litter, mark)+`; exec sleep 1000`)
	eventually(t, func() bool { return len(left(t, mark, u.ID)) == 6 }, "all of it is there")
	second.end(t)
	assert.Len(t, left(t, mark, u.ID), 6, "the other process may use it")
	first.end(t)
	assert.Empty(t, left(t, mark, u.ID))
}

// The user that made a segment keeps its rights in it, even after it was given away.
func TestUser_LeavesNoSegmentThatItGaveAway(t *testing.T) {
	python := lookPath(t, "/usr/bin/python3")
	box := newBox(t, token())
	if box.Users == nil {
		t.Skip("only root can run functions as users of their own")
	}
	u := user(t, box)
	const give = `import ctypes, struct
c = ctypes.CDLL(None, use_errno=True)
made = c.shmget(0, 4096, 0o1600)
record = ctypes.create_string_buffer(256)
assert c.shmctl(made, 2, record) == 0
record[4:8] = struct.pack("I", 0)
assert c.shmctl(made, 1, record) == 0, ctypes.get_errno()
import time; time.sleep(1000)`
	f := start(t, box, u, `exec `+python+` -c "$0"`, give)
	eventually(t, func() bool { return len(left(t, "none", u.ID)) == 1 }, "it is there, as its maker's")
	f.end(t)
	assert.Empty(t, left(t, "none", u.ID))
}

// In a default container root may not administer the system. What functions leave is
// removed nevertheless.
func TestWithoutSysAdmin_NothingIsLeft(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can run functions as users of their own")
	}
	itself, err := os.Executable()
	require.NoError(t, err)
	out, err := exec.Command(lookPath(t, "setpriv"), "--bounding-set=-sys_admin", "--inh-caps=-sys_admin",
		itself, "-test.run=^Test(User_Leaves|Users_TheNext)", "-test.v").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: TestUser_LeavesNothingOnTheHost")
}

// What a killed server's functions left is removed when the next server takes their
// uids.
func TestUsers_TheNextServerRemovesWhatWasLeft(t *testing.T) {
	lookPath(t, "ipcmk")
	users, mark := claim(t), token()
	u, err := users.Acquire()
	require.NoError(t, err)
	cmd := exec.Command("setpriv", "--reuid", strconv.Itoa(int(u.ID)), "--regid", strconv.Itoa(int(u.ID)), "--clear-groups", "bash", "-c", replace(litter, mark))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Len(t, left(t, mark, u.ID), 6)
	require.NoError(t, users.Close())
	next, err := sandbox.ClaimUsers() // the block that is free first
	require.NoError(t, err)
	defer next.Close()
	// Another package's tests may have taken the block in between. Then they remove
	// it.
	eventually(t, func() bool { return len(left(t, mark, u.ID)) == 0 }, "nothing is left")
}
