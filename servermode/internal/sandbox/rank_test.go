package sandbox_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// rankOf returns the rank of each process with the token.
func rankOf(t *testing.T, token string) (out []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range files {
		line, _ := os.ReadFile(file)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if strings.Contains(string(line), token) {
			attr, err := unix.SchedGetAttr(pid, 0)
			if err != nil {
				continue // gone by now
			}
			if attr.Policy == unix.SCHED_IDLE { // then its nice level says nothing
				out = append(out, "idle")
			} else {
				out = append(out, "normal "+strconv.Itoa(int(attr.Nice)))
			}
		}
	}
	return out
}

// rankable returns a box whose server may rank: it has users, and the right to undo
// it.
func rankable(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	box := newBox(t, token())
	if box.Users == nil {
		t.Skip("only root can run functions as users of their own")
	}
	header, data := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	require.NoError(t, unix.Capget(&header, &data[0]))
	if data[0].Effective&(1<<unix.CAP_SYS_NICE) == 0 {
		t.Skip("needs CAP_SYS_NICE, which containers are not given")
	}
	return box
}

func TestGroup_RankReachesItsWholeTree(t *testing.T) {
	box, mark := rankable(t), token()
	f := start(t, box, user(t, box), `setsid sleep $0 & sleep $0 & wait`, mark)
	awaitRunning(t, mark, 3)
	for _, step := range []struct {
		rank sandbox.Rank
		is   string
	}{{sandbox.Lower, "normal 5"}, {sandbox.Idle, "idle"}, {sandbox.Lower, "normal 5"}, {sandbox.Ordinary, "normal 0"}} {
		f.group.Rank(step.rank)
		assert.Equal(t, []string{step.is, step.is, step.is}, rankOf(t, mark))
	}
}

func TestGroup_RankLeavesAFunctionsOwnNiceLevel(t *testing.T) {
	box, mark := rankable(t), token()
	f := start(t, box, user(t, box), `exec nice -n 7 sleep $0`, mark)
	eventually(t, func() bool { return slices.Equal(rankOf(t, mark), []string{"normal 7"}) }, "the function has chosen its level")
	f.group.Rank(sandbox.Lower)
	assert.Equal(t, []string{"normal 7"}, rankOf(t, mark))
	f.group.Rank(sandbox.Idle)
	f.group.Rank(sandbox.Ordinary)
	assert.Equal(t, []string{"normal 7"}, rankOf(t, mark))
}
