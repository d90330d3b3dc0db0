package python_test

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
)

// wheels makes a package index of one folder, with a package whisker 1.2, and makes
// pip and uv use nothing else.
func wheels(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "whisker-1.2-py3-none-any.whl"))
	require.NoError(t, err)
	w, record := zip.NewWriter(f), ""
	for _, file := range [][2]string{
		{"whisker.py", "import os\nNAME = 'whisker 1.2'\ndef cli(): print(NAME)\n"},
		{"whisker-1.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: whisker\nVersion: 1.2\n"},
		{"whisker-1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{"whisker-1.2.dist-info/entry_points.txt", "[console_scripts]\nwhisker = whisker:cli\n"},
	} {
		sum := sha256.Sum256([]byte(file[1]))
		record += fmt.Sprintf("%s,sha256=%s,%d\n", file[0], base64.RawURLEncoding.EncodeToString(sum[:]), len(file[1]))
		entry, err := w.Create(file[0])
		require.NoError(t, err)
		_, err = entry.Write([]byte(file[1]))
		require.NoError(t, err)
	}
	entry, err := w.Create("whisker-1.2.dist-info/RECORD")
	require.NoError(t, err)
	_, err = entry.Write([]byte(record + "whisker-1.2.dist-info/RECORD,,\n"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, f.Close())
	for name, value := range map[string]string{"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": dir, "UV_NO_INDEX": "1", "UV_FIND_LINKS": dir, "UV_OFFLINE": "1"} {
		t.Setenv(name, value)
	}
}

const usesWhisker = `
import subprocess, sys, whisker
def main(args):
    cli = subprocess.run(["whisker"], capture_output=True, text=True)
    return {"name": whisker.NAME, "cli": cli.stdout.strip(), "own": sys.prefix != sys.base_prefix}`

// launchAt starts code at a site with a builder, and gives it one run.
func launchAt(t *testing.T, p *python.Kind, b *build.Builder, code kind.Code) (string, string, error) {
	t.Helper()
	return kindtest.Try(t, p, kind.Site{Builder: b}, code, "main")
}

func TestPython_Requirements(t *testing.T) {
	eachInstaller(t, func(t *testing.T, uv string) {
		p := kindtest.Python(t)
		p.UV = uv
		wheels(t)
		s := kindtest.Builder(t)
		zip := func(requirements string) kind.Code {
			return kindtest.Zip(t, map[string]string{"__main__.py": usesWhisker, "requirements.txt": requirements})
		}
		result, log, err := launchAt(t, p, s, zip("Whisker>=1.0 # it has a command\n"))
		require.NoError(t, err, log)
		assert.JSONEq(t, `{"name":"whisker 1.2","cli":"whisker 1.2","own":true}`, result)
		assert.Contains(t, log, "installing 1 requirement(s)")
		assert.Contains(t, log, "whisker")

		result, log, err = launchAt(t, p, s, zip("\nwhisker>=1.0"))
		require.NoError(t, err, log)
		assert.Contains(t, result, "whisker 1.2")
		assert.Empty(t, log, "the environment is there")

		_, log, err = launchAt(t, p, s, zip("no-such-package\n"))
		kindtest.AssertAction(t, err, "requirements could not be installed")
		assert.Contains(t, log, "no-such-package", "the installer says what it lacks")
		assert.Contains(t, err.Error(), "Cause: ")
		_, _, err = launchAt(t, p, s, zip("-r other.txt"))
		kindtest.AssertAction(t, err, "names a file")
	})
}

func TestPython_RequirementsOfAnEnvironmentsOwn(t *testing.T) {
	p, wanted := kindtest.Python(t), map[string]string{"__main__.py": "def main(a): return {'ok': 1}", "requirements.txt": "# none\n"}
	result, log, err := launchAt(t, p, nil, kindtest.Zip(t, wanted))
	require.NoError(t, err, log)
	assert.Equal(t, `{"ok": 1}`, result)
	wanted["requirements.txt"], wanted["virtualenv/lib/python3.99/site-packages/x.py"] = "no-such-package", ""
	_, log, err = launchAt(t, p, nil, kindtest.Zip(t, wanted))
	require.NoError(t, err, "a virtualenv in the zip has what is required: %s", strings.TrimSpace(log))
}

// ownersEnvironment is a host's Python that is an environment itself, with a package
// owners of its own and one that claims to be whisker 1.1.
func ownersEnvironment(t *testing.T) *python.Kind {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("/usr/bin/python3", "-m", "venv", "--without-pip", "--system-site-packages", dir).CombinedOutput()
	if err != nil {
		t.Skipf("the test needs venv: %s", out)
	}
	packages, err := filepath.Glob(filepath.Join(dir, "lib/python3*/site-packages"))
	require.NoError(t, err)
	require.Len(t, packages, 1)
	for name, text := range map[string]string{
		"owners.py": "NAME = 'owner'\n", "whisker.py": "NAME = 'the host\\'s whisker'\n", "whisker-1.1.dist-info/RECORD": "", "whisker-1.1.dist-info/INSTALLER": "pip\n",
		"whisker-1.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: whisker\nVersion: 1.1\n",
	} {
		path := filepath.Join(packages[0], name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	p, err := python.New([]string{filepath.Join(dir, "bin", "python")}, t.TempDir(), -1)
	require.NoError(t, err)
	return p
}

// eachInstaller runs a test with pip, and with uv where there is one.
func eachInstaller(t *testing.T, test func(t *testing.T, uv string)) {
	t.Run("pip", func(t *testing.T) { test(t, "") })
	t.Run("uv", func(t *testing.T) {
		uv, err := python.FindUV([]string{"uv"}, -1)
		if err != nil {
			t.Skip("no uv on this host: pip is tested")
		}
		test(t, uv)
	})
}

// hostsAndOwn answers with what an action sees of the host's packages.
const hostsAndOwn = `
import importlib.util, whisker
def main(args): return [whisker.NAME, importlib.util.find_spec("owners") is not None]`

func TestPython_RequirementsAreInstalledWhateverTheHostHas(t *testing.T) {
	eachInstaller(t, func(t *testing.T, uv string) {
		p := ownersEnvironment(t)
		p.UV = uv
		wheels(t)
		s, code := kindtest.Builder(t), kindtest.Zip(t, map[string]string{"__main__.py": hostsAndOwn, "requirements.txt": "whisker"})
		result, log, err := launchAt(t, p, s, code)
		require.NoError(t, err, log)
		assert.Equal(t, `["whisker 1.2", false]`, result)

		result, log, err = launchAt(t, p, s, kindtest.Zip(t, map[string]string{"__main__.py": hostsAndOwn}))
		require.NoError(t, err, log)
		assert.Equal(t, `["the host's whisker", true]`, result, "what requires nothing sees the host's packages")

		p.HostPackages = true
		result, log, err = launchAt(t, p, s, code)
		require.NoError(t, err, log)
		assert.Equal(t, `["the host's whisker", true]`, result, "it satisfies the requirement; what was built without is not used")
	})
}

func TestPython_RequirementsOnAHostThatReachesNoIndex(t *testing.T) {
	eachInstaller(t, func(t *testing.T, uv string) {
		p := ownersEnvironment(t)
		p.UV = uv
		for name, value := range map[string]string{"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1", "UV_OFFLINE": "1"} {
			t.Setenv(name, value)
		}
		s, code := kindtest.Builder(t), kindtest.Zip(t, map[string]string{"__main__.py": hostsAndOwn, "requirements.txt": "whisker>=1.1"})
		_, _, err := launchAt(t, p, s, code)
		problem := kindtest.AssertAction(t, err, "requirements could not be installed")
		assert.Contains(t, problem.Message, "the server's owner may allow them with --host-packages")
		p.HostPackages = true
		result, log, err := launchAt(t, p, s, code)
		require.NoError(t, err, log)
		assert.Equal(t, `["the host's whisker", true]`, result)
	})
}

func TestPython_RequirementsBesideTheOwnersEnvironment(t *testing.T) {
	wheels(t)
	p := ownersEnvironment(t)
	p.HostPackages = true
	result, log, err := launchAt(t, p, kindtest.Builder(t), kindtest.Zip(t, map[string]string{
		"__main__.py": "import owners, whisker\ndef main(args): return [owners.NAME, whisker.NAME]", "requirements.txt": "whisker>1.1",
	}))
	require.NoError(t, err, log)
	assert.Equal(t, `["owner", "whisker 1.2"]`, result)
}
