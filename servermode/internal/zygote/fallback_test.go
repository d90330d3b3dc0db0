package zygote_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
)

const idle = "def main(args): return {}"

func TestParent_EnvironmentThatIsReadAtStart(t *testing.T) {
	r := newRig(t)
	r.env = append(r.env, "LD_LIBRARY_PATH=/owners")
	r.open()
	for _, entry := range []string{
		"PYTHONHASHSEED=1", "PYTHONIOENCODING=latin-1", "LD_PRELOAD=", "LD_LIBRARY_PATH=/mine", "MALLOC_ARENA_MAX=1",
		"GLIBC_TUNABLES=x", "LC_ALL=C", "LANG=C", "OMP_NUM_THREADS=2", "OPENBLAS_NUM_THREADS=2", "MKL_NUM_THREADS=2", "BAD=\xff",
	} {
		t.Run(entry, func(t *testing.T) { r.action(idle, entry).executed(zygote.Environment) })
	}
	r.action(idle, "MINE=1", "TZ=UTC", "LD_LIBRARY_PATH=/owners").forked()
}

func TestParent_TheActionsOwnModulesWin(t *testing.T) {
	const source = "import %\ndef main(args): return getattr(%, 'NAME', 'the parents')"
	for name, files := range map[string]map[string]string{
		"beside, the owner's":       {"owners.py": "NAME = 'mine'"},
		"a package":                 {"owners/__init__.py": "NAME = 'mine'"},
		"in its virtualenv":         {"virtualenv/lib/python3.99/site-packages/owners.py": "NAME = 'mine'"},
		"where a .pth leads":        {"virtualenv/lib/python3.99/site-packages/x.pth": "../more", "virtualenv/lib/python3.99/more/owners.py": "NAME = 'mine'"},
		"where activate_this leads": {"virtualenv/bin/activate_this.py": "import os, sys; sys.path.insert(0, os.path.dirname(__file__))", "virtualenv/bin/owners.py": "NAME = 'mine'"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.module("owners", "")
			r.open("owners")
			files["__main__.py"] = replace(source, "owners")
			assert.Equal(t, "mine", answer[string](t, r.function(files).executed(zygote.Shadowed), "{}"))
		})
	}
	t.Run("the standard library's", func(t *testing.T) {
		r := newRig(t).open()
		files := map[string]string{"__main__.py": replace(source, "csv"), "csv.py": "NAME = 'mine'"}
		assert.Equal(t, "mine", answer[string](t, r.function(files).executed(zygote.Shadowed), "{}"))
	})
	t.Run("in its virtual environment", func(t *testing.T) {
		r := newRig(t)
		r.module("owners", "")
		r.env = r.env[:len(r.env)-1] // a path of the owner's would go first
		require.NoError(t, os.Rename(filepath.Join(r.dir, "modules/owners.py"), filepath.Join(r.dir, "owners.py")), "beside the launcher")
		r.open("owners")
		f := r.action(replace(source, "owners"))
		f.venv = venv(t, r)
		packages, err := filepath.Glob(filepath.Join(f.venv, "lib/python3*/site-packages"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(packages[0], "owners.py"), []byte("NAME = 'mine'"), 0o644))
		assert.Equal(t, "mine", answer[string](t, f.executed(zygote.Shadowed), "{}"))
	})
	t.Run("where the server does not look", func(t *testing.T) {
		elsewhere, r := t.TempDir(), newRig(t).open()
		require.NoError(t, os.MkdirAll(filepath.Join(elsewhere, "python3.99/site-packages"), 0o755))
		for name, put := range map[string]func(lib string) error{
			"a link that leads out": func(lib string) error { return os.Symlink(elsewhere, lib) },
			"a pipe":                func(lib string) error { return syscall.Mkfifo(lib, 0o644) },
		} {
			f := r.function(map[string]string{"__main__.py": idle, "virtualenv/bin/activate_this.py": ""})
			require.NoError(t, put(filepath.Join(f.dir, "virtualenv/lib")), name)
			f.executed(zygote.Shadowed)
		}
	})
	t.Run("loaded, but hidden by its virtual environment", func(t *testing.T) {
		r := newRig(t)
		r.module("owners", "")
		r.env = r.env[:len(r.env)-1]
		require.NoError(t, os.Rename(filepath.Join(r.dir, "modules/owners.py"), filepath.Join(r.dir, "owners.py")))
		r.open("owners")
		f := r.action(idle)
		f.venv = venv(t, r)
		f.forked()
		f.alone = true
		f.executed(zygote.Shadowed)
	})
	t.Run("in its home", func(t *testing.T) {
		f := newRig(t).open().function(map[string]string{"__main__.py": idle, ".local/lib/x": ""})
		f.env = append(f.env, "HOME="+f.dir)
		f.executed(zygote.Shadowed)
	})
	t.Run("what only looks like one", func(t *testing.T) {
		files := map[string]string{"__main__.py": idle, "csv.txt": "", "decimal.libs/x": "", "other.py": "", "json.py": "", "virtualenv/lib/python3.99/site-packages/other.py": ""}
		newRig(t).open().function(files).forked()
	})
}

func TestParent_WithThreadsIsNotForked(t *testing.T) {
	r := newRig(t)
	r.module("threaded", "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()")
	r.open("threaded")
	assert.Equal(t, map[string]any{}, answer[map[string]any](t, r.action(idle).executed(zygote.Threads), "{}"))
}

func TestParent_ThatTouchedAGPUIsNotForked(t *testing.T) {
	r := newRig(t)
	r.module("torch", "class cuda:\n    @staticmethod\n    def is_initialized(): return True") // a stand-in
	r.open("torch")
	assert.True(t, r.TouchesGPU())
	r.action(idle).executed(zygote.CUDA)
}

// The function has a variable that Python cannot set.
func TestParent_RefusedByTheChild(t *testing.T) {
	r := newRig(t).open()
	f := r.action(idle, "=x")
	assert.Equal(t, map[string]any{}, answer[map[string]any](t, f.executed(zygote.Refused), "{}"))
	r.action(idle).forked()
}

func TestOpen_ModuleThatCannotBeImported(t *testing.T) {
	r := newRig(t)
	r.module("broken", "1/0")
	for name, cause := range map[string]string{"no_such_module": "ModuleNotFoundError", "broken": "ZeroDivisionError"} {
		missing := (*zygote.PreloadError)(nil)
		require.ErrorAs(t, r.tryOpen("os", name), &missing)
		assert.Equal(t, name, missing.Module)
		assert.Contains(t, missing.Cause, cause)
	}
	r.module("dies", "import os\nprint('last words', flush=True)\nos._exit(3)")
	assert.ErrorContains(t, r.tryOpen("dies"), "last words")
}
