package python_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
)

func TestPython_Prepare(t *testing.T) {
	p := kindtest.Python(t)
	for name, code := range map[string]kind.Code{
		"source": kind.Code("x"), "zip": kindtest.Zip(t, map[string]string{"__main__.py": "x", "m.py": ""}), "tar.gz": kindtest.Tar(t, "__main__.py", "x"),
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
	_, err := p.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kindtest.Zip(t, map[string]string{"main.py": ""}), "main")
	assert.Equal(t, kind.NoBinary, kindtest.AssertAction(t, err, "Zip file does not include __main__.py").Message)
	_, err = p.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kind.Code("PK\x03\x04 broken"), "main")
	kindtest.AssertAction(t, err, "it is no valid zip")
}

func TestNewPython_NoneIsUsable(t *testing.T) {
	_, err := python.New([]string{"/no/such/python", "/bin/false"}, t.TempDir(), -1)
	require.Error(t, err)
	assert.ErrorContains(t, err, "/no/such/python: ")
	assert.ErrorContains(t, err, "/bin/false: ")
}

func TestPython_SourcesFromWindows(t *testing.T) {
	for name, text := range kindtest.FromWindows("import os\r\n\r\ndef main(args):\r\n    return {'got': '❄'}\r\n") {
		t.Run(name, func(t *testing.T) {
			p, out, err := launch(t, kindtest.Zip(t, map[string]string{"__main__.py": text}), "main")
			require.NoError(t, err, out)
			result, _ := kindtest.Answers(t, p, `{}`)
			assert.Equal(t, `{"got": "❄"}`, result)
		})
	}
}

func TestPython_NotesWhatIsNotUsed(t *testing.T) {
	for name, c := range map[string]struct{ file, words string }{
		"environment, capitals":   {"Virtualenv/pyvenv.cfg", `"Virtualenv" is not used: rename it to virtualenv`},
		"environment, other name": {".venv/pyvenv.cfg", `The virtual environment ".venv" is not used`},
		"requirements":            {"Requirements.txt", `"Requirements.txt" is not used: rename it to requirements.txt`},
		"nothing":                 {"data/x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			out := &kindtest.Logs{}
			_, err := kindtest.Python(t).Prepare(t.Context(), kind.Site{Dir: t.TempDir(), Sink: out}, kindtest.Zip(t, map[string]string{"__main__.py": "", c.file: ""}), "main")
			require.NoError(t, err)
			assert.Contains(t, out.String(), c.words)
			assert.Equal(t, c.words == "", out.String() == "")
		})
	}
}
