package zygote_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
)

func TestParent_KilledIsReplaced(t *testing.T) {
	r := newRig(t).open()
	f := r.action("import os\ndef main(args): return os.getppid()")
	before, first := f.forked(), r.PID()
	require.NoError(t, syscall.Kill(first, syscall.SIGKILL))
	eventually(t, func() bool { return !before.Alive() }, "what it forked ends with it")
	f.start(true) // whichever way
	eventually(t, func() bool { return r.Stats().Up && r.PID() != first }, "there is another")
	assert.Equal(t, r.PID(), answer[int](t, f.forked(), "{}"))
	eventually(t, func() bool { return r.noted() != "" }, "the owner is told")
	assert.Contains(t, r.noted(), "killed")
}

func TestParent_ExecutesWhileItStarts(t *testing.T) {
	r := newRig(t)
	gate := filepath.Join(r.dir, "gate")
	r.module("slow", "import os\nif os.path.exists("+strconv.Quote(gate)+"): open("+strconv.Quote(gate)+").read()")
	r.open("slow")
	require.NoError(t, syscall.Mkfifo(gate, 0o600))
	f := r.action(idle)
	require.NoError(t, syscall.Kill(r.PID(), syscall.SIGKILL))
	eventually(t, func() bool { return r.PID() == 0 }, "it is missed")
	eventually(t, func() bool { f.start(true); return r.Stats().Fallbacks[zygote.Starting] > 0 }, "executed meanwhile")
	writer, err := os.OpenFile(gate, os.O_WRONLY, 0)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	eventually(t, func() bool { return r.Stats().Up }, "it is there again")
	f.forked()
}

func TestParent_ExecutesWhileItCannotBeReplaced(t *testing.T) {
	r := newRig(t)
	broken := filepath.Join(r.dir, "broken")
	r.module("fragile", "import os\nassert not os.path.exists("+strconv.Quote(broken)+")")
	r.open("fragile")
	f := r.action(idle)
	require.NoError(t, os.WriteFile(broken, nil, 0o644))
	require.NoError(t, syscall.Kill(r.PID(), syscall.SIGKILL))
	eventually(t, func() bool { f.start(true); return r.Stats().Fallbacks[zygote.Down] > 0 }, "executed meanwhile")
	eventually(t, func() bool { return strings.Contains(r.noted(), "module fragile cannot be imported: AssertionError") }, "the owner is told")
	require.NoError(t, os.Remove(broken))
	eventually(t, func() bool { return r.Stats().Up }, "it is there again")
	f.forked()
}

// A parent's end must not fail the function that is just starting.
func TestParent_DiesDuringAStart(t *testing.T) {
	r := newRig(t).open()
	f := r.action(`
import os, time
first = not os.path.exists("ledger")
with open("ledger", "a") as ledger: ledger.write("x")
if first: time.sleep(1000)
def main(args): return os.getppid()`)
	go func() {
		ledger := filepath.Join(f.dir, "ledger")
		for _, err := os.Stat(ledger); err != nil; _, err = os.Stat(ledger) {
			time.Sleep(time.Millisecond)
		}
		_ = syscall.Kill(r.PID(), syscall.SIGKILL)
	}()
	assert.Equal(t, os.Getpid(), answer[int](t, f.start(true), "{}"), "it is executed")
}

// A parent that hangs is replaced. It is not ended while functions that it forked
// live, because they would end with it.
func TestParent_HungIsReplacedAndItsFunctionsLive(t *testing.T) {
	r := newRig(t).open()
	f := r.action("import os\nopen('ledger', 'a').write('x')\ndef main(args): return os.getppid()")
	old, hung := f.forked(), r.PID()
	require.NoError(t, syscall.Kill(hung, syscall.SIGSTOP))
	starts := 1
	eventually(t, func() bool {
		f.start(true).Close() // whichever way
		starts++
		return r.Stats().Up && r.PID() != hung
	}, "there is another")
	f.forked()
	assert.Equal(t, hung, answer[int](t, old, "{}"), "the old one's function runs on")

	require.NoError(t, syscall.Kill(hung, syscall.SIGCONT)) // and it forks, late
	eventually(t, func() bool { return kids(t, hung) == 1 }, "that child is not needed, and ends")
	ledger, err := os.ReadFile(filepath.Join(f.dir, "ledger"))
	require.NoError(t, err)
	assert.Len(t, ledger, starts+1, "its code has run once for each start")
	old.Close()
	eventually(t, func() bool { return !running(hung) }, "it ends with its last function")
}

func TestParent_DiesWhereOrphansAreAdopted(t *testing.T) {
	r := newRig(t).open()
	f := r.action(idle)
	orphans, err := sandbox.AdoptOrphans() // no other children from here on
	require.NoError(t, err)
	t.Cleanup(orphans.Close)
	p := f.forked()
	require.NoError(t, syscall.Kill(r.PID(), syscall.SIGKILL))
	eventually(t, func() bool { return !p.Alive() }, "the function is gone")
	p.Close()
	eventually(t, func() bool { return r.Stats().Up && kids(t, os.Getpid()) == 1 }, "only the next parent is there: no zombie")
}
