package servermode_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/internal/daemon"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// toyCompiler makes a program that answers with the code, the main, and the users
// that compiled and run it.
const toyCompiler = `#!/bin/sh
code=$(cat "$2/exec")
[ "$code" != wrong ] || { echo "wrong: no such word"; exit; }
cat >"$3/exec" <<EOF
#!/bin/sh
while read -r line; do echo "{\"code\":\"$code\",\"main\":\"$1\",\"flavour\":\"\$FLAVOUR\",\"compiler\":$(id -u),\"user\":\$(id -u),\"mine\":\"\$MINE\"}" >&3; done
EOF
`

// toyImage makes a folder with a compile script, and a file for --runtime.
func toyImage(t *testing.T, more string) (compiler, file string) {
	t.Helper()
	dir := harness.OpenDir(t)
	compiler, file = filepath.Join(dir, "compile"), filepath.Join(dir, "toy.env")
	require.NoError(t, os.WriteFile(compiler, []byte(toyCompiler), 0o600))
	require.NoError(t, os.Chmod(compiler, 0o755))
	require.NoError(t, os.WriteFile(file, []byte("# a toy\nOW_COMPILER="+compiler+"\n"+more), 0o600))
	return compiler, file
}

// toyAnswer is what the toy's functions answer.
type toyAnswer struct {
	Code, Main, Flavour, Mine string
	Compiler, User            int
}

func (r *rig) runToy(f target) (answer toyAnswer) {
	r.t.Helper()
	a := r.run(f, "", `{}`)
	require.NoError(r.t, json.Unmarshal([]byte(a.body), &answer), a.body+a.stderr)
	return answer
}

func TestServer_RuntimeByAFile(t *testing.T) {
	_, file := toyImage(t, "\r\n export FLAVOUR='sweet = sour'\r\n")
	r := newRig(t, servermode.Config{Runtimes: []string{"toy:1=" + file}})
	f := newTarget("toy", "1", map[string]string{"MINE": "x"})
	r.mustInit(f)
	answer := r.runToy(f)
	if os.Getuid() == 0 {
		assert.NotZero(t, answer.Compiler)
		assert.NotZero(t, answer.User)
		assert.NotEqual(t, answer.Compiler, answer.User)
	}
	answer.Compiler, answer.User = 0, 0
	assert.Equal(t, toyAnswer{Code: "1", Main: "main", Flavour: "sweet = sour", Mine: "x"}, answer)

	a := r.init(newTarget("toy:1", "wrong", nil))
	assert.Equal(t, http.StatusBadGateway, a.status)
	assert.Equal(t, runtimespec.InitFailed, a.reason)
	r.mustInit(newTarget("", "1", nil)) // the only runtime takes what no other kind takes
	assert.Equal(t, runtimespec.UnsupportedKind, r.init(newTarget("toy:2", "1", nil)).reason)
}

func TestServer_RuntimeTellsWhatItsCompilerSays(t *testing.T) {
	_, file := toyImage(t, "")
	r := newRig(t, servermode.Config{Runtimes: []string{"toy=" + file}})
	f := newTarget("toy", "wrong", nil)
	header := f.header()
	header.Set("Accept", runtimespec.MediaFrames)
	a := r.send(runtimespec.PathInit, header, f.body(true))
	assert.Equal(t, "wrong: no such word\n", a.stdout)
	assert.Contains(t, a.stderr, "which means that it failed")
	assert.Contains(t, a.body, "failed to generate or locate a binary")
}

func TestServer_RuntimeOfItsOwnImage(t *testing.T) {
	compiler, _ := toyImage(t, "")
	t.Setenv("OW_COMPILER", compiler)
	for kind, wanted := range map[string][]string{"actionloop": nil, "toy:1": {"toy:1"}} {
		r := newRig(t, servermode.Config{Runtimes: wanted})
		for _, requested := range []string{kind, ""} {
			f := newTarget(requested, "1", nil)
			r.mustInit(f)
			assert.Equal(t, "1", r.runToy(f).Code)
		}
	}
}

func TestServer_SeveralRuntimes(t *testing.T) {
	_, first := toyImage(t, "FLAVOUR=a")
	_, second := toyImage(t, "FLAVOUR=b")
	r := newRig(t, servermode.Config{Runtimes: []string{"toy:1=" + first, "toy:2=" + second}})
	for kind, flavour := range map[string]string{"toy": "a", "toy:1": "a", "toy:default": "a", "toy:2": "b", "toy:2-gpu": "b"} {
		f := newTarget(kind, "1", nil)
		r.mustInit(f)
		assert.Equal(t, flavour, r.runToy(f).Flavour, kind)
	}
	assert.Contains(t, r.init(newTarget("", "1", nil)).body, "looks like none of")
}

func TestServer_RuntimesThatCannotBe(t *testing.T) {
	compiler, file := toyImage(t, "")
	dir := filepath.Dir(file)
	written := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for name, c := range map[string]struct {
		wanted []string
		says   string
	}{
		"no file":        {[]string{"toy=" + dir + "/none"}, "no such file"},
		"a folder":       {[]string{"toy=" + dir}, "is a directory"},
		"an empty path":  {[]string{"toy="}, "no such file"},
		"no image":       {[]string{"toy"}, "OW_COMPILER is not set here: this is no runtime's image; give a file, NAME=FILE"},
		"no assignment":  {[]string{"toy=" + written("a", "OW_COMPILER "+compiler)}, "is no NAME=VALUE"},
		"no name":        {[]string{"toy=" + written("b", "=x")}, `the line "=x" is no NAME=VALUE`},
		"bad name":       {[]string{"toy=" + written("c", "A B=x")}, "is no NAME=VALUE"},
		"a NUL":          {[]string{"toy=" + written("d", "A=\x00")}, "is no NAME=VALUE"},
		"relative":       {[]string{"toy=" + written("e", "OW_COMPILER=bin/compile")}, "must be an absolute path"},
		"not executable": {[]string{"toy=" + written("f", "OW_COMPILER="+file)}, "builds cannot run " + file},
		"bad kind":       {[]string{"a b=" + file}, "cannot be the name of a kind"},
		"twice":          {[]string{"toy=" + file, "toy=" + file}, "has a kind toy already"},
		"a built-in one": {[]string{"native=" + file}, "has a kind native already"},
	} {
		s := servermode.New(servermode.Config{Listen: "127.0.0.1:0", StateDir: harness.StateDir(t), Runtimes: c.wanted})
		err := s.Start()
		require.ErrorIs(t, err, daemon.ErrConfig, name)
		assert.ErrorContains(t, err, "--runtime "+c.wanted[len(c.wanted)-1]+": ", name)
		assert.ErrorContains(t, err, c.says, name)
	}
}
