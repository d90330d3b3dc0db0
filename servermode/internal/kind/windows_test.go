package kind_test

import (
	"encoding/binary"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
)

const mark = "\ufeff"

// inUTF16 is a text as PowerShell's > writes it, or the other way round.
func inUTF16(text string, order binary.AppendByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(mark + text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

// each encodes a text in the ways that Windows tools do.
func each(text string) map[string]string {
	return map[string]string{"UTF-8 with a mark": mark + text, "UTF-16": inUTF16(text, binary.LittleEndian), "UTF-16, big-endian": inUTF16(text, binary.BigEndian)}
}

func TestDecode_SourcesFromWindows(t *testing.T) {
	for name, text := range each("#!/bin/bash\r\necho ❄ 🚗\r\n") {
		code, err := kind.Decode([]byte(text), false)
		require.NoError(t, err)
		assert.Equal(t, "#!/bin/bash\necho ❄ 🚗\n", string(code), name)
	}
	for name, text := range map[string]string{
		"no script": "def main(a):\r\n  return a\r\n", "a script whose text has one": "#!/bin/sh\nprintf '\r\n'\n", "binary": "\xff\xfe\x00\xd8\x00\x00", "odd": "\xff\xfea",
	} {
		code, err := kind.Decode([]byte(text), false)
		require.NoError(t, err)
		assert.Equal(t, text, string(code), name)
	}
	_, err := kind.Decode([]byte("\ufffd\ufffdd\x00e\x00f\x00"), false)
	assertAction(t, err, "save it as UTF-8")
}

// nativeEcho answers each line with itself.
const nativeEcho = "#!/bin/bash\r\nwhile read -r line; do\r\n  echo \"$line\" >&3\r\ndone\r\n"

func TestNative_ScriptsFromWindows(t *testing.T) {
	all := each(nativeEcho)
	all["line ends"] = nativeEcho
	for name, text := range all {
		t.Run(name, func(t *testing.T) {
			out := &logs{}
			command, err := kind.Native{}.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, zipOf(t, map[string]string{"exec": text}), "")
			require.NoError(t, err)
			result, _ := answers(t, start(t, command, out), `{"as":"it is"}`)
			assert.Equal(t, `{"as":"it is"}`, result)
		})
	}
}

func TestPython_SourcesFromWindows(t *testing.T) {
	for name, text := range each("import os\r\n\r\ndef main(args):\r\n    return {'got': '❄'}\r\n") {
		t.Run(name, func(t *testing.T) {
			p, out, err := launch(t, zipOf(t, map[string]string{"__main__.py": text}), "main")
			require.NoError(t, err, out)
			result, _ := answers(t, p, `{}`)
			assert.Equal(t, `{"got": "❄"}`, result)
		})
	}
}

func TestNode_SourcesFromWindows(t *testing.T) {
	source := mark + "exports.main = () => ({ got: '❄' })\r\n"
	for name, files := range map[string]map[string]string{
		"script":  {"index.js": source},
		"package": {"package.json": mark + `{"main":"lib.js","dependencies":{}}`, "lib.js": source},
		"module":  {"package.json": `{"main":"lib.mjs"}`, "lib.mjs": mark + "export const main = () => ({ got: '❄' })\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p, out, err := launchNode(t, zipOf(t, files), "main", nil)
			require.NoError(t, err, out)
			result, _ := answers(t, p, `{}`)
			assert.JSONEq(t, `{"got":"❄"}`, result)
		})
	}
}

func TestParseRequirements_FromWindows(t *testing.T) {
	for name, text := range each("six==1.0\r\n# für alle\r\nrequests \\\r\n  >= 2\r\n") {
		got, err := kind.ParseRequirements(text)
		require.NoError(t, err)
		assert.Equal(t, kind.Requirements{"requests >= 2", "six==1.0"}, got, name)
	}
	for _, line := range []string{`C:\wheels\x.whl`, `.\x`, `wheels\x`, `x @ C:\x.whl`, `\\host\share\x.whl`, `-r more\requirements.txt`} {
		_, err := kind.ParseRequirements("six\r\n" + line + "\r\n")
		assertAction(t, err, "names a file")
	}
	_, err := kind.ParseRequirements("s\x00i\x00x\x00")
	assertAction(t, err, "save it as UTF-8")
}

func TestPrepare_SaysWhatToChange(t *testing.T) {
	venv := "Invalid virtualenv. Zip file does not include virtualenv/bin/activate_this.py or virtualenv/lib/python3.*/site-packages."
	for name, c := range map[string]struct {
		kind  kind.Kind
		files map[string]string
		words string
	}{
		"python, a folder":            {python(t), map[string]string{"plates/__main__.py": "", "plates/x": ""}, `It has __main__.py in the folder "plates": zip what is in that folder, not the folder itself.`},
		"python, a folder of macOS's": {python(t), map[string]string{"__MACOSX/x": "", "plates/__main__.py": ""}, `in the folder "plates"`},
		"python, capitals":            {python(t), map[string]string{"__Main__.py": ""}, `It has "__Main__.py": rename it to __main__.py`},
		"python, main is a folder":    {python(t), map[string]string{"__main__.py/x": ""}, `Its __main__.py is a folder.`},
		"python, nowhere":             {python(t), map[string]string{"x.py": ""}, "Zip file does not include __main__.py at its root."},
		"python, no environment":      {python(t), map[string]string{"__main__.py": "", "virtualenv/x": ""}, venv},
		"python, Windows environment": {python(t), map[string]string{"__main__.py": "", "virtualenv/Scripts/activate_this.py": "", `virtualenv\Lib\site-packages\x.py`: ""}, venv + " It was made on Windows"},
		"native, a folder":            {kind.Native{}, map[string]string{"app/exec": ""}, `It has exec in the folder "app"`},
		"native, for Windows":         {kind.Native{}, map[string]string{"exec": "MZ\x90\x00"}, "It is a program for Windows: build it for Linux"},
		"node, a folder":              {node(t), map[string]string{"app/index.js": ""}, `It has index.js in the folder "app"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.kind.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, zipOf(t, c.files), "main")
			assertAction(t, err, c.words)
		})
	}
	_, err := kind.Native{}.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kind.Code("MZ\x90\x00"), "main")
	assertAction(t, err, "It is a program for Windows")
}

func TestPython_NotesWhatIsNotUsed(t *testing.T) {
	for name, c := range map[string]struct{ file, words string }{
		"environment, capitals":   {"Virtualenv/pyvenv.cfg", `"Virtualenv" is not used: rename it to virtualenv`},
		"environment, other name": {".venv/pyvenv.cfg", `The virtual environment ".venv" is not used`},
		"requirements":            {"Requirements.txt", `"Requirements.txt" is not used: rename it to requirements.txt`},
		"nothing":                 {"data/x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			out := &logs{}
			_, err := python(t).Prepare(t.Context(), kind.Site{Dir: t.TempDir(), Sink: out}, zipOf(t, map[string]string{"__main__.py": "", c.file: ""}), "main")
			require.NoError(t, err)
			assert.Contains(t, out.String(), c.words)
			assert.Equal(t, c.words == "", out.String() == "")
		})
	}
}

func TestPrepare_EmptyZipSaysSo(t *testing.T) {
	s, empty := shop(t), zipOf(t, nil)
	for name, k := range map[string]kind.Kind{"python": python(t), "node": node(t), "go": golang(t), "native": kind.Native{}, "http": kind.HTTP{}} {
		t.Run(name, func(t *testing.T) {
			_, err := k.Prepare(t.Context(), kind.Site{Dir: t.TempDir(), Shop: s, Sink: &logs{}}, empty, "main")
			assertAction(t, err, "it is empty: there is no file in it")
		})
	}
	_, err := kind.Set{python(t), kind.Native{}}.Resolve("", empty)
	assertAction(t, err, "its zip is empty")
}
