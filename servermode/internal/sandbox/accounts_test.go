package sandbox_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSandbox_NamesUsersInAContainersPasswd(t *testing.T) {
	box := newBox(t, token())
	if box.Users == nil {
		t.Skip("only root can run functions as users of their own")
	}
	etc := t.TempDir()
	for _, file := range []string{"passwd", "group"} {
		require.NoError(t, os.WriteFile(filepath.Join(etc, file), []byte("root:x:0:"), 0o644)) // no newline at its end
	}
	require.NoError(t, box.NameUsers(etc))
	passwd, err := os.ReadFile(filepath.Join(etc, "passwd"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(passwd)), "\n")
	assert.Equal(t, "root:x:0:", lines[0])
	u := user(t, box)
	assert.Regexp(t, `(?m)^function-(\d+):x:\d+:\d+:`, string(passwd))
	folders, err := box.Folders(place(t, box, home(t, "/var/tmp")))
	require.NoError(t, err)
	assert.Contains(t, string(passwd), "\n"+folders.UserName+":x:")
	require.NoError(t, folders.Remove())

	require.NoError(t, box.NameUsers(etc), "old entries are replaced, not doubled")
	again, err := os.ReadFile(filepath.Join(etc, "passwd"))
	require.NoError(t, err)
	assert.Equal(t, string(passwd), string(again))
	box.Users.Release(u)
}

// Where the host has no namespaces, a process has a home and a TMPDIR.
func TestSandbox_FoldersWithoutMounts(t *testing.T) {
	box := newBox(t, token()) // not probed
	dir := home(t, "/var/tmp")
	at := place(t, box, dir)
	for range 2 {
		out := inFolders(t, box, at, `touch $TMPDIR/f ~/f && ls $TMPDIR ~ && [ $TMPDIR != /tmp ] && echo own`)
		assert.Equal(t, 2, strings.Count(out, "\nf\n"), out)
		assert.True(t, strings.HasSuffix(out, "own\n"), out)
	}
}
