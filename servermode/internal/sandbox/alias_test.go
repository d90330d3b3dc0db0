package sandbox_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// Without mounts a TMPDIR lies in the state folder, however long its path is.
func TestSandbox_SocketsFindRoomInTmp(t *testing.T) {
	dir := filepath.Join(home(t, "/dev/shm"), strings.Repeat("long", 25)) // there are no mounts for what lies there
	require.NoError(t, os.Mkdir(dir, 0o711))
	box := newBox(t, token())
	require.NoError(t, box.Probe(dir))
	require.False(t, box.Layers.Mounts)
	folders, err := box.Folders(place(t, box, dir))
	require.NoError(t, err)
	own := filepath.Join(folders.Tmp, "pymp-01234567")
	require.NoError(t, os.Mkdir(own, 0o700))
	ln, err := net.Listen("unix", filepath.Join(own, "listener-01234567"))
	require.NoError(t, err)
	require.NoError(t, ln.Close())

	again := newBox(t, token()) // the first one is not closed: as after a kill
	require.NoError(t, again.Probe(dir))
	assert.NoDirExists(t, folders.Tmp)
	again.Close()
	links, err := filepath.Glob("/tmp/wa*/f")
	require.NoError(t, err)
	for _, link := range links {
		target, _ := os.Readlink(link)
		assert.NotEqual(t, dir, target)
	}
}

// A host may refuse user namespaces, or have no more processes to give.
func TestConfines_AStartThatIsRefusedTakesNoDescriptors(t *testing.T) {
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		return len(entries)
	}
	before := open()
	for range 10 {
		assert.Error(t, sandbox.StartRefused())
	}
	assert.LessOrEqual(t, open(), before+5, "others come and go")
}
