package zygote_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// describes prints everything by which a function could recognise a fork.
var describes = strings.Replace(`
import ctypes, gc, inspect, os, signal, site, sys, threading
def read(name):
    with open("/proc/self/" + name) as f: return f.read()
def status():
    keep = "Uid", "Gid", "Groups", "NoNewPrivs", "Cap", "Sig", "Threads", "Umask", "Seccomp", "Shd", "CoreDumping"
    return [line for line in read("status").splitlines() if line.startswith(keep) and not line.startswith("SigQ")]
def descriptors():
    out = {}
    for fd in os.listdir("/proc/self/fd"):
        try: out[fd] = os.readlink("/proc/self/fd/" + fd).partition("[")[0]
        except OSError: pass  # that of the listing
    return out
def pdeathsig():
    out = ctypes.c_int()
    ctypes.CDLL(None).prctl(2, ctypes.byref(out), 0, 0, 0)
    return out.value
def stream(f):
    return [f.encoding, f.errors, f.line_buffering, f.write_through, f.seekable(), f.isatty(), f.name, f.mode]
def mounts():
    keep = "/", "/tmp", "/var/tmp", "/dev/shm", os.getcwd(), "/etc/passwd"
    rows = [line.split() for line in read("mountinfo").splitlines()]
    return [[row[4], row[row.index("-") + 1]] for row in rows if row[4] in keep]
def spaces():
    outside = OUTSIDE
    return [name for name in ("mnt", "ipc", "user", "net", "pid") if os.readlink("/proc/self/ns/" + name) != outside[name]]
def mark():
    found = [e for e in read("environ").split("\0") if e.startswith("WHISKAWAY_INSTANCE=")]
    return found == ["WHISKAWAY_INSTANCE=" + os.environ["WHISKAWAY_INSTANCE"]]
def main(args):
    main = sys.modules["__main__"]
    return {
        "mounts": mounts(), "spaces": spaces(), "status": status(), "limits": read("limits"), "descriptors": descriptors(), "pdeathsig": pdeathsig(),
        "dumpable": os.stat("/proc/self/mem").st_uid == os.getuid(), "group": os.getpgid(0) == os.getpid(), "cwd": os.getcwd(),
        "environ": {k: v for k, v in os.environ.items() if k != "WHISKAWAY_INSTANCE"}, "mark": mark(),
        "streams": [stream(s) for s in (sys.stdin, sys.stdout, sys.stderr)], "nice": os.nice(0),
        "path": sys.path, "argv": sys.argv, "orig_argv": getattr(sys, "orig_argv", 0), "flags": repr(sys.flags),
        "prefix": [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.executable], "warnings": sys.warnoptions,
        "main": [n for n in sorted(vars(main)) if not n.startswith("__")], "file": main.__file__, "spec": repr(main.__spec__),
        "stack": [f.function for f in inspect.stack()], "limit": sys.getrecursionlimit(), "gc": [gc.isenabled(), gc.get_threshold()],
        "user site": [site.ENABLE_USER_SITE, site.getuserbase(), site.getusersitepackages()], "prefixes": sorted(set(site.PREFIXES)),
        "signals": {s.name: str(signal.getsignal(s)).partition(" at ")[0] for s in signal.Signals}, "thread": threading.current_thread().name,
        "ours": [n for n in sys.modules if "zygote" in n],
    }`, "OUTSIDE", outside(), 1)

// outside are the test's own namespaces, in Python's words.
func outside() string {
	own := map[string]string{}
	for _, name := range []string{"mnt", "ipc", "user", "net", "pid"} {
		own[name], _ = os.Readlink("/proc/self/ns/" + name)
	}
	text, _ := json.Marshal(own)
	return string(text)
}

func TestParent_ForkedEqualsExecuted(t *testing.T) {
	r := newRig(t).open()
	t.Run("plain", func(t *testing.T) {
		compare(t, r.action(describes, "HOME=/no/such/home", "TZ=Asia/Tokyo", "MINE=❄ ☃=x", "EMPTY="))
	})
	t.Run("in a group", func(t *testing.T) {
		f := r.action(describes)
		if f.user == nil {
			t.Skip("only root can give functions groups")
		}
		f.user.Group = f.user.ID + 1
		compare(t, f)
	})
	t.Run("in folders of its own", func(t *testing.T) {
		f := r.action(describes)
		require.NoError(t, r.box.Probe(r.dir))
		if f.apart = r.box.Layers.Overlay; !f.apart {
			t.Skip("the host does not let processes have folders of their own: ", r.box.Layers.Why)
		}
		compare(t, f)
	})
	t.Run("in a virtual environment", func(t *testing.T) {
		f := r.action(describes)
		f.venv = venv(t, r)
		compare(t, f)
	})
}

func compare(t *testing.T, f *function) {
	t.Helper()
	forked, executed := answer[map[string]any](t, f.forked(), "{}"), answer[map[string]any](t, f.start(false), "{}")
	require.Len(t, forked, len(executed))
	for what, want := range executed {
		assert.Equal(t, want, forked[what], what)
	}
	assert.Equal(t, true, forked["mark"])
}

// venv is a virtual environment of the host's packages and more.
func venv(t *testing.T, r *rig) string {
	t.Helper()
	dir := filepath.Join(r.dir, "venv")
	out, err := exec.Command(r.python.Path(), "-m", "venv", "--without-pip", "--system-site-packages", dir).CombinedOutput()
	if err != nil {
		t.Skipf("the test needs venv: %s", out)
	}
	return dir
}
