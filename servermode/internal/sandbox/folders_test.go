package sandbox_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// home is where a test's functions live: in one of the folders that are hidden from
// them.
func home(t *testing.T, in string) string {
	t.Helper()
	dir, err := os.MkdirTemp(in, "whiskaway-sandbox-")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, tree.Remove(dir)) })
	require.NoError(t, os.Chmod(dir, 0o711))
	return dir
}

// probed returns a sandbox that knows what the host allows. A test of folders needs
// mounts.
func probed(t *testing.T, dir string) *sandbox.Sandbox {
	t.Helper()
	box := newBox(t, token())
	require.NoError(t, box.Probe(dir))
	if !box.Layers.Mounts {
		t.Skip("the host has no mount namespaces for functions: ", box.Layers.Why)
	}
	t.Logf("layers: %+v", box.Layers)
	return box
}

// place returns a function's folder, with a file in its working folder.
func place(t *testing.T, box *sandbox.Sandbox, dir string) sandbox.Place {
	t.Helper()
	at := sandbox.Place{Dir: filepath.Join(dir, "function"), User: user(t, box)}
	at.Action = filepath.Join(at.Dir, "action")
	require.NoError(t, os.Mkdir(at.Dir, 0o711))
	require.NoError(t, os.Mkdir(at.Action, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(at.Action, "code"), []byte("code\n"), 0o600))
	if at.User != nil {
		for _, path := range []string{at.Action, filepath.Join(at.Action, "code")} {
			require.NoError(t, os.Chown(path, int(at.User.ID), int(at.User.ID)))
		}
	}
	return at
}

// inFolders runs a script to its end as a process of the function.
func inFolders(t *testing.T, box *sandbox.Sandbox, at sandbox.Place, script string) string {
	t.Helper()
	folders, err := box.Folders(at)
	require.NoError(t, err)
	defer func() { require.NoError(t, folders.Remove()) }()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	f := &function{group: box.Group(at.User), cmd: command(script)}
	f.group.Folders = folders
	f.cmd.Dir, f.cmd.Stdout, f.cmd.Stderr = at.Action, w, w
	f.cmd.Env = append(f.cmd.Env, "HOME="+folders.Home, "TMPDIR="+folders.Tmp, "USER="+folders.UserName)
	f.run(t)
	require.NoError(t, w.Close())
	var out bytes.Buffer
	_, err = out.ReadFrom(r)
	require.NoError(t, err)
	f.end(t)
	return out.String()
}

func TestGroup_HasFoldersOfItsOwn(t *testing.T) {
	for _, in := range []string{"/tmp", "/var/tmp"} {
		dir := home(t, in)
		box := probed(t, dir)
		at := place(t, box, dir)
		const write = `cat code && for f in /tmp/f /var/tmp/f /dev/shm/f "$TMPDIR/g" ~/f ./f; do [ -e $f ] && echo seen $f; echo mine >$f || echo $f; done; echo changed >code; cat code`
		assert.Equal(t, "code\nchanged\n", inFolders(t, box, at, write))
		assert.Equal(t, "code\nchanged\n", inFolders(t, box, at, write), "nothing of the first one's is there")
		left, err := os.ReadDir(filepath.Join(at.Dir, "p"))
		require.NoError(t, err)
		assert.Empty(t, left)
	}
}

func TestGroup_SharesNoSegmentsWithOthers(t *testing.T) {
	lookPath(t, "ipcmk")
	dir := home(t, "/var/tmp")
	box := probed(t, dir)
	at := place(t, box, dir)
	const script = `ipcmk -M 4096 >/dev/null && tail -n +2 /proc/sysvipc/shm | wc -l`
	assert.Equal(t, "1\n", inFolders(t, box, at, script))
	assert.Equal(t, "1\n", inFolders(t, box, at, script), "the first one's went with it")
}

func TestGroup_ItsUserHasAName(t *testing.T) {
	dir := home(t, "/var/tmp")
	box := probed(t, dir)
	at := place(t, box, dir)
	out := inFolders(t, box, at, `id -un; id -gn; [ "$(getent passwd $(id -u) | cut -d: -f6)" = $HOME ] && echo home; [ $USER = $(id -un) ] && echo named`)
	assert.Regexp(t, `^\S+\n\S+\nhome\nnamed\n$`, out)
	assert.NotContains(t, out, "cannot find")
}

func TestGroup_KeepsWhatItNeeds(t *testing.T) {
	dir := home(t, "/tmp")
	box := probed(t, dir)
	at := place(t, box, dir)
	needed := filepath.Join(dir, "needed")
	require.NoError(t, os.Mkdir(needed, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(needed, "file"), []byte("here\n"), 0o644))
	at.Keep = []string{needed, "/usr/lib", "/tmp", "/tmp/../etc", "/tmp/is/not/there", filepath.Join(needed, "file", "is/no/folder")}
	other := home(t, "/tmp")
	assert.Equal(t, "here\n", inFolders(t, box, at, `cat `+needed+`/file; ls -d `+other+` 2>/dev/null`))
}

func TestGroup_CannotUndoItsMounts(t *testing.T) {
	lookPath(t, "unshare")
	dir, other := home(t, "/var/tmp"), home(t, "/tmp")
	box := probed(t, dir)
	out := inFolders(t, box, place(t, box, dir), `unshare -Urm sh -c "umount -l /tmp; ls -d `+other+`" 2>/dev/null; grep -E "^Cap(Prm|Eff|Amb|Inh)" /proc/self/status`)
	assert.NotContains(t, out, other, "what the host has there is not under it")
	assert.Equal(t, 4, strings.Count(out, "0000000000000000\n"), out)
}

// If the host does not let the shim confine a process, no action is to blame, and no
// action's log says so.
func TestGroup_WhatCannotBeConfinedIsTheHosts(t *testing.T) {
	dir := home(t, "/var/tmp")
	box := probed(t, dir)
	at := place(t, box, dir)
	folders, err := box.Folders(at)
	require.NoError(t, err)
	defer func() { require.NoError(t, folders.Remove()) }()
	require.NoError(t, os.Remove(filepath.Join(at.Dir, "home"))) // it is a mount point
	group := box.Group(at.User)
	group.Folders = folders
	cmd := command(`echo runs`)
	var said bytes.Buffer
	cmd.Dir, cmd.Stderr = at.Action, &said
	_, err = group.Start(cmd)
	confine := (*sandbox.ConfineError)(nil)
	require.ErrorAs(t, err, &confine)
	assert.Contains(t, confine.Cause, "no such file")
	assert.Empty(t, said.String())
}
