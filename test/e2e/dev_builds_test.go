package e2e_test

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// wheelhouse makes a folder with one Python package, whisker, and returns it and
// the variables by which installers look there only.
func wheelhouse(t *testing.T) (dir string, env []string) {
	t.Helper()
	if out, err := exec.Command("python3", "-m", "venv", "--help").CombinedOutput(); err != nil {
		harness.Missing(t, "Python's venv", string(out))
	}
	dir = harness.OpenDir(t)
	require.NoError(t, os.Chmod(dir, 0o755))
	wheel := filepath.Join(dir, "whisker-1.2-py3-none-any.whl")
	f, err := os.Create(wheel)
	require.NoError(t, err)
	w := zip.NewWriter(f)
	const info = "whisker-1.2.dist-info/"
	for _, file := range [][2]string{
		{"whisker.py", "NAME = 'whisker 1.2'\n"},
		{info + "METADATA", "Metadata-Version: 2.1\nName: whisker\nVersion: 1.2\n"},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "RECORD", "whisker.py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n"},
	} {
		entry, err := w.Create(file[0])
		require.NoError(t, err)
		_, err = entry.Write([]byte(file[1]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, f.Close())
	require.NoError(t, os.Chmod(wheel, 0o644))
	return dir, []string{"PIP_NO_INDEX=1", "PIP_FIND_LINKS=" + dir, "UV_NO_INDEX=1", "UV_FIND_LINKS=" + dir, "UV_OFFLINE=1"}
}

// The package is gone when the second command starts: it can only find what the
// first one has built.
func TestDev_KeepsItsBuildsBetweenStarts(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	packages, env := wheelhouse(t)
	cache, file := harness.StateDir(t), filepath.Join(t.TempDir(), "hello.py")
	save(t, file, "import whisker\ndef main(args):\n    return {'name': whisker.NAME, 'n': 1}\n")
	save(t, filepath.Join(filepath.Dir(file), "requirements.txt"), "whisker\n")
	first := startDevIn(t, cache, env, file)
	first.awaits("version 1: starting, with the requirements.txt beside it")
	first.awaits("version 1 serves")
	_, body := first.get("")
	assert.JSONEq(t, `{"name":"whisker 1.2","n":1}`, body)

	// Another one at the same time has a folder of its own.
	other := filepath.Join(t.TempDir(), "other.py")
	save(t, other, versioned("other"))
	beside := startDevIn(t, cache, env, other)
	beside.awaits("version 1 serves")
	beside.stop(syscall.SIGTERM)
	first.stop(syscall.SIGTERM)

	require.NoError(t, os.Remove(filepath.Join(packages, "whisker-1.2-py3-none-any.whl")))
	save(t, file, "import whisker\ndef main(args):\n    return {'name': whisker.NAME, 'n': 2}\n")
	second := startDevIn(t, cache, env, file)
	second.awaits("version 1 serves")
	_, body = second.get("")
	assert.JSONEq(t, `{"name":"whisker 1.2","n":2}`, body)
	second.stop(syscall.SIGTERM)
}

func TestDev_SaysWhatToNameTheFile(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "action")
	save(t, filepath.Join(dir, "hello.py"), versioned("one"))
	d := startDev(t, dir)
	d.awaits("if hello.py has the function to call, name it __main__.py")
	require.NoError(t, os.Rename(filepath.Join(dir, "hello.py"), filepath.Join(dir, "__main__.py")))
	d.awaits("version 2 serves")
	_, body := d.get("")
	assert.Contains(t, body, `"one"`)
	d.stop(syscall.SIGTERM)
}
