package sandbox_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// adopt makes the test's process a reaper for the time of the test.
func adopt(t *testing.T) {
	t.Helper()
	orphans, err := sandbox.AdoptOrphans()
	require.NoError(t, err)
	t.Cleanup(orphans.Close)
}

// children counts this process's children, by state.
func children(t *testing.T) map[byte]int {
	t.Helper()
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	out := map[byte]int{}
	for _, path := range paths {
		stat, _ := os.ReadFile(path)
		_, rest, _ := bytes.Cut(stat, []byte(") "))
		var state byte
		var parent int
		if _, err := fmt.Sscanf(string(rest), "%c %d", &state, &parent); err == nil && parent == os.Getpid() {
			out[state]++
		}
	}
	return out
}

func TestOrphans_AreReaped(t *testing.T) {
	box, mark := newBox(t, token()), token()
	adopt(t)
	f := start(t, box, user(t, box), `for i in {1..20}; do (setsid sleep 0.0`+mark+` &); done; exec sleep `+mark)
	eventually(t, func() bool { return running(mark) == 1 && children(t)['Z'] == 0 }, "only the function is left")
	f.end(t)
	eventually(t, func() bool { return len(children(t)) == 0 }, "nothing is left")
}

func TestOrphans_ExitStatusesAreNotStolen(t *testing.T) {
	box := newBox(t, token())
	adopt(t)
	var all sync.WaitGroup
	for i := range 40 {
		group, cmd := box.Group(nil), command(fmt.Sprintf(`(setsid true &); exit %d`, 10+i))
		pidfd, err := group.Start(cmd)
		require.NoError(t, err)
		all.Go(func() {
			defer os.NewFile(uintptr(pidfd), "pidfd").Close()
			exit := (*exec.ExitError)(nil)
			if assert.ErrorAs(t, group.Wait(), &exit) {
				assert.Equal(t, 10+i, exit.ExitCode())
			}
		})
	}
	all.Wait()
	eventually(t, func() bool { return len(children(t)) == 0 }, "nothing is left")
}

func TestOrphans_KillTakesDaemonsWithoutAMark(t *testing.T) {
	box, mark := newBox(t, token()), token()
	adopt(t)
	f := start(t, box, nil, `(env -i setsid bash -c 'sleep `+mark+` & sleep `+mark+`' &); exec sleep `+mark)
	awaitRunning(t, mark, 4)
	require.NoError(t, f.group.Kill())
	assert.Zero(t, running(mark))
}

func TestOrphans_OtherGroupsDaemonsAreSpared(t *testing.T) {
	box, one, two := newBox(t, token()), token(), token()
	adopt(t)
	script := `(setsid sleep T &); exec sleep T`
	first := start(t, box, nil, replace(script, one))
	start(t, box, nil, replace(script, two))
	awaitRunning(t, one, 2)
	awaitRunning(t, two, 2)
	require.NoError(t, first.group.Kill())
	assert.Zero(t, running(one))
	assert.Equal(t, 2, running(two))
}
