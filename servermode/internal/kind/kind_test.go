package kind_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
)

func python(t *testing.T) *kind.Python {
	t.Helper()
	p, err := kind.NewPython([]string{"/no/such/python", "/usr/bin/python3", "python3"}, t.TempDir(), -1)
	if err != nil {
		t.Skip("the test needs a Python: ", err)
	}
	return p
}

func zipOf(t *testing.T, files map[string]string) kind.Code {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func tarOf(t *testing.T, name, text string) kind.Code {
	t.Helper()
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	w := tar.NewWriter(packed)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644}))
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, packed.Close())
	return out.Bytes()
}

func TestSet_Resolve(t *testing.T) {
	set := kind.Set{python(t), kind.Native{}}
	_, own, _ := strings.Cut(strings.TrimSuffix(set[0].(*kind.Python).Describe(), ")"), " (")
	for requested, want := range map[string]string{
		"python": "python:3", "python:3": "python:3", "python:default": "python:3", "python:" + own: "python:3",
		"python:3-gpu": "python:3", "python-gpu": "python:3", "python:" + own + "-gpu": "python:3",
		"native": "native", "native:1": "native", "native-gpu": "native", "blackbox": "native",
		"python:2": "", "python:3.1": "", "python:3.99-gpu": "", "pythonic": "", "nodejs:20": "", "natives": "", "-gpu": "", "Python": "",
	} {
		t.Run(requested, func(t *testing.T) {
			k, err := set.Resolve(requested, nil)
			assert.Equal(t, err == nil, set.Check(requested) == nil)
			if want != "" {
				require.NoError(t, err)
				assert.Equal(t, want, k.Name())
				return
			}
			require.ErrorIs(t, err, kind.ErrUnsupported)
			assert.ErrorContains(t, err, requested)
			assert.ErrorContains(t, err, "this server ")
		})
	}
	_, err := set.Resolve("python:3.99", nil)
	assert.EqualError(t, err, `kind is not supported: "python:3.99"; this server has Python `+own)
	_, err = set.Resolve("nodejs:20", nil)
	assert.EqualError(t, err, `kind is not supported: "nodejs:20"; this server runs python:3, native`)
	assert.NoError(t, set.Check(""))
}

func TestSet_Sniffs(t *testing.T) {
	set := kind.Set{python(t), kind.Native{}}
	for name, c := range map[string]struct {
		code kind.Code
		want string
	}{
		"source":         {kind.Code("import os\ndef main(args):\n  return args"), "python:3"},
		"first line":     {kind.Code("def main(args): return args"), "python:3"},
		"zip":            {zipOf(t, map[string]string{"__main__.py": "", "exec": ""}), "python:3"},
		"elf":            {kind.Code("\x7fELF\ndef x"), "native"},
		"script":         {kind.Code("#!/bin/sh\ndef x"), "native"},
		"native zip":     {zipOf(t, map[string]string{"./exec": ""}), "native"},
		"other zip":      {zipOf(t, map[string]string{"index.js": ""}), ""},
		"JavaScript":     {kind.Code("function main() {}"), ""},
		"nothing":        {nil, ""},
		"not UTF-8":      {kind.Code("def main(a):\n \xff"), ""},
		"nested __main_": {zipOf(t, map[string]string{"a/__main__.py": ""}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := set.Resolve("", c.code)
			if c.want == "" {
				assertAction(t, err, "looks like none of python:3, native.")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, k.Name())
		})
	}
}

func assertAction(t *testing.T, err error, text string) *kind.ActionError {
	t.Helper()
	var action *kind.ActionError
	require.ErrorAs(t, err, &action)
	assert.Contains(t, action.Message+"\n"+action.Log, text)
	return action
}

func TestDecode(t *testing.T) {
	code, err := kind.Decode([]byte("text"), false)
	require.NoError(t, err)
	assert.Equal(t, "text", string(code))
	code, err = kind.Decode([]byte(base64.StdEncoding.EncodeToString([]byte("bytes"))), true)
	require.NoError(t, err)
	assert.Equal(t, "bytes", string(code))
	_, err = kind.Decode([]byte("%%"), true)
	assertAction(t, err, "no valid base64")
}

func TestFunctionEnv(t *testing.T) {
	assert.Equal(t, map[string]string{"WHISKAWAY_GPU": "1"}, kind.FunctionEnv("python:3-gpu"))
	assert.Empty(t, kind.FunctionEnv("python:3"))
}

const noBinary = "The action failed to generate or locate a binary. See logs for details."

func TestNative_Prepare(t *testing.T) {
	for name, code := range map[string]kind.Code{
		"script": kind.Code("#!/bin/sh\n"), "elf": kind.Code("\x7fELF"),
		"zip": zipOf(t, map[string]string{"exec": "#!/bin/sh\n", "data/x": ""}), "tar.gz": tarOf(t, "exec", "#!/bin/sh\n"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			command, err := kind.Native{WaitForAck: true}.Prepare(t.Context(), kind.Site{Dir: dir}, code, "main")
			require.NoError(t, err)
			assert.Equal(t, kind.Command{
				Path: dir + "/exec", Dir: dir, WaitForAck: true, Env: []string{"__OW_WAIT_FOR_ACK=1"}, Grace: kind.DefaultGrace,
			}, command)
			info, err := os.Stat(command.Path)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o755), info.Mode().Perm())
		})
	}
}

func TestNative_PrepareRefuses(t *testing.T) {
	envs := kind.Native{ExecutionEnv: "go-1"}
	for name, c := range map[string]struct {
		kind kind.Native
		code kind.Code
		log  string
	}{
		"text":           {kind.Native{}, kind.Code("text"), "neither an ELF executable"},
		"no exec":        {kind.Native{}, zipOf(t, map[string]string{"main": ""}), "does not include an executable named exec"},
		"exec is folder": {kind.Native{}, zipOf(t, map[string]string{"exec/x": ""}), "does not include an executable named exec"},
		"no exec.env":    {envs, zipOf(t, map[string]string{"exec": ""}), "no exec.env"},
		"other exec.env": {envs, zipOf(t, map[string]string{"exec": "", "exec.env": "go-2\n"}), `"go-1", not "go-2"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.kind.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, c.code, "main")
			assert.Equal(t, noBinary, assertAction(t, err, c.log).Message)
		})
	}
	_, err := envs.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, zipOf(t, map[string]string{"exec": "", "exec.env": "go-1\n"}), "main")
	assert.NoError(t, err)
	_, err = kind.Native{}.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, zipOf(t, map[string]string{"../exec": ""}), "main")
	assertAction(t, err, "outside the action's folder")
}

func TestPython_Prepare(t *testing.T) {
	p := python(t)
	for name, code := range map[string]kind.Code{
		"source": kind.Code("x"), "zip": zipOf(t, map[string]string{"__main__.py": "x", "m.py": ""}), "tar.gz": tarOf(t, "__main__.py", "x"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			command, err := p.Prepare(t.Context(), kind.Site{Dir: dir}, code, "niam")
			require.NoError(t, err)
			assert.True(t, command.WaitForAck)
			assert.Equal(t, dir, command.Dir)
			assert.Equal(t, []string{dir, "niam"}, command.Args[len(command.Args)-2:])
			text, err := os.ReadFile(filepath.Join(dir, "__main__.py"))
			require.NoError(t, err)
			assert.Equal(t, "x", string(text))
		})
	}
	_, err := p.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, zipOf(t, map[string]string{"main.py": ""}), "main")
	assert.Equal(t, noBinary, assertAction(t, err, "Zip file does not include __main__.py").Message)
	_, err = p.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kind.Code("PK\x03\x04 broken"), "main")
	assertAction(t, err, "it is no valid zip")
}

func TestNewPython_NoneIsUsable(t *testing.T) {
	_, err := kind.NewPython([]string{"/no/such/python", "/bin/false"}, t.TempDir(), -1)
	require.Error(t, err)
	assert.ErrorContains(t, err, "/no/such/python: ")
	assert.ErrorContains(t, err, "/bin/false: ")
}

func TestNative_ExecMayBeALinkWithinTheZip(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range []struct {
		name, text string
		mode       os.FileMode
	}{{"bin/app", "#!/bin/sh\n", 0o644}, {"exec", "bin/app", os.ModeSymlink | 0o777}} {
		head := &zip.FileHeader{Name: f.name}
		head.SetMode(f.mode)
		entry, err := w.CreateHeader(head)
		require.NoError(t, err)
		_, err = entry.Write([]byte(f.text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	command, err := kind.Native{}.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, out.Bytes(), "main")
	require.NoError(t, err)
	info, err := os.Stat(command.Path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o755), info.Mode().Perm())
}
