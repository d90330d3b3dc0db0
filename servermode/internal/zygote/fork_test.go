package zygote_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParent_ForksAFunction(t *testing.T) {
	r := newRig(t).open()
	f := r.action(`
import multiprocessing, os, subprocess
def main(args):
    with open("/dev/stdout", "w") as out: print("by name", file=out)
    with multiprocessing.Pool(2) as pool: total = sum(pool.map(abs, [-1, -2]))
    marks = subprocess.run(["sh", "-c", "echo $WHISKAWAY_INSTANCE; cat"], stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    return {"got": args, "mine": os.environ["MINE"], "parent": os.getppid(), "total": total, "marked": marks.strip() == os.environ["WHISKAWAY_INSTANCE"]}`,
		"MINE=one")
	got := answer[map[string]any](t, f.forked(), `{"n":1}`)
	assert.Equal(t, map[string]any{"got": map[string]any{"n": 1.0}, "mine": "one", "parent": float64(r.PID()), "total": 3.0, "marked": true}, got)
}

func TestParent_PreloadedModulesAreThere(t *testing.T) {
	r := newRig(t)
	r.module("owners", "import os\nLOADED_BY = os.getpid()")
	r.open("owners")
	loaded := answer[int](t, r.action("import owners\ndef main(args): return owners.LOADED_BY").forked(), "{}")
	assert.Equal(t, r.PID(), loaded)
}

// Random state must not be the same in all forked processes.
func TestParent_RandomnessIsEachChildsOwn(t *testing.T) {
	r := newRig(t)
	// A stand-in: what matters is that a legacy generator is seeded again.
	r.module("numpy/random", "import os\nstate = b'parent'\ndef seed():\n    global state\n    state = os.urandom(8)")
	r.open("numpy.random", "uuid", "multiprocessing.process")
	f := r.action(`
import multiprocessing, random, uuid, numpy.random
def main(args): return [random.random(), str(uuid.uuid4()), repr(numpy.random.state), multiprocessing.current_process().authkey.hex()]`)
	one, two := answer[[]any](t, f.forked(), "{}"), answer[[]any](t, f.forked(), "{}")
	for i := range one {
		assert.NotEqual(t, one[i], two[i])
	}
}

func TestParent_RealNumpyHasItsSeedAndThreads(t *testing.T) {
	python := os.Getenv("WHISKAWAY_PLATES_PYTHON")
	if python == "" {
		t.Skip("WHISKAWAY_PLATES_PYTHON names no Python with numpy; make test does")
	}
	r := newRigWith(t, python)
	r.open("numpy", "numpy.random")
	f := r.action(`
import numpy, os
def main(args):
    a = numpy.random.rand(200, 200)
    return [float(a[0, 0]), float((a @ a).sum()), os.getppid(), len(os.listdir("/proc/self/task"))]`)
	one, two := answer[[]float64](t, f.forked(), "{}"), answer[[]float64](t, f.forked(), "{}")
	assert.NotEqual(t, one[:2], two[:2])
	assert.EqualValues(t, r.PID(), one[2])
	assert.Equal(t, answer[[]float64](t, f.start(false), "{}")[3], one[3], "as many threads as in an interpreter of its own")
}

// A child's tree ends with it, and the parent keeps no zombie of it.
func TestParent_KeepsNoChildThatIsClosed(t *testing.T) {
	r := newRig(t).open()
	f := r.action("import subprocess\ndef main(args): return subprocess.Popen(['sleep', '1000'], start_new_session=True).pid")
	for range 5 {
		p := f.forked()
		grandchild := answer[int](t, p, "{}")
		p.Close()
		assert.NoDirExists(t, filepath.Join("/proc", strconv.Itoa(p.PID())), "it is reaped")
		_, err := os.Stat(filepath.Join("/proc", strconv.Itoa(grandchild), "exe"))
		assert.Error(t, err, "its tree is dead")
	}
	children, err := os.ReadFile("/proc/" + strconv.Itoa(r.PID()) + "/task/" + strconv.Itoa(r.PID()) + "/children")
	require.NoError(t, err)
	assert.LessOrEqual(t, len(strings.Fields(string(children))), 1, "one is there in advance")
}

// The end does not depend on the function's owner waiting for it.
func TestParent_CloseEndsWhatItForked(t *testing.T) {
	r := newRig(t).open()
	p, parent := r.action("def main(args): return {}").forked(), r.PID()
	r.Close()
	assert.NoDirExists(t, "/proc/"+strconv.Itoa(parent))
	eventually(t, func() bool { return !p.Alive() }, "the function is gone")
	assert.False(t, r.Stats().Up)
	assert.Empty(t, r.noted(), "it was to end")
}
