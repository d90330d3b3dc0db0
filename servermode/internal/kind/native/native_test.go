package native_test

import (
	"archive/zip"
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
)

func TestNative_Prepare(t *testing.T) {
	for name, code := range map[string]kind.Code{
		"script": kind.Code("#!/bin/sh\n"), "elf": kind.Code("\x7fELF"),
		"zip": kindtest.Zip(t, map[string]string{"exec": "#!/bin/sh\n", "data/x": ""}), "tar.gz": kindtest.Tar(t, "exec", "#!/bin/sh\n"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			command, err := native.Kind{WaitForAck: true}.Prepare(t.Context(), kind.Site{Dir: dir}, code, "main")
			require.NoError(t, err)
			assert.Equal(t, kind.Command{
				Path: dir + "/exec", Dir: dir, WaitForAck: true, Env: []string{"__OW_WAIT_FOR_ACK=1"}, Grace: native.DefaultGrace,
			}, command)
			info, err := os.Stat(command.Path)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o755), info.Mode().Perm())
		})
	}
}

func TestNative_PrepareRefuses(t *testing.T) {
	envs := native.Kind{ExecutionEnv: "go-1"}
	for name, c := range map[string]struct {
		kind native.Kind
		code kind.Code
		log  string
	}{
		"text":           {native.Kind{}, kind.Code("text"), "neither an ELF executable"},
		"no exec":        {native.Kind{}, kindtest.Zip(t, map[string]string{"main": ""}), "does not include an executable named exec"},
		"exec is folder": {native.Kind{}, kindtest.Zip(t, map[string]string{"exec/x": ""}), "does not include an executable named exec"},
		"no exec.env":    {envs, kindtest.Zip(t, map[string]string{"exec": ""}), "no exec.env"},
		"other exec.env": {envs, kindtest.Zip(t, map[string]string{"exec": "", "exec.env": "go-2\n"}), `"go-1", not "go-2"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.kind.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, c.code, "main")
			assert.Equal(t, kind.NoBinary, kindtest.AssertAction(t, err, c.log).Message)
		})
	}
	_, err := envs.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kindtest.Zip(t, map[string]string{"exec": "", "exec.env": "go-1\n"}), "main")
	assert.NoError(t, err)
	_, err = native.Kind{}.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kindtest.Zip(t, map[string]string{"../exec": ""}), "main")
	kindtest.AssertAction(t, err, "outside the action's folder")
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
	command, err := native.Kind{}.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, out.Bytes(), "main")
	require.NoError(t, err)
	info, err := os.Stat(command.Path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o755), info.Mode().Perm())
}

// nativeEcho answers each line with itself.
const nativeEcho = "#!/bin/bash\r\nwhile read -r line; do\r\n  echo \"$line\" >&3\r\ndone\r\n"

func TestNative_ScriptsFromWindows(t *testing.T) {
	all := kindtest.FromWindows(nativeEcho)
	all["line ends"] = nativeEcho
	for name, text := range all {
		t.Run(name, func(t *testing.T) {
			out := &kindtest.Logs{}
			command, err := native.Kind{}.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kindtest.Zip(t, map[string]string{"exec": text}), "")
			require.NoError(t, err)
			result, _ := kindtest.Answers(t, kindtest.Start(t, command, out), `{"as":"it is"}`)
			assert.Equal(t, `{"as":"it is"}`, result)
		})
	}
}
