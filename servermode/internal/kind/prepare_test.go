package kind_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/http"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
)

func TestDecode_SourcesFromWindows(t *testing.T) {
	for name, text := range kindtest.FromWindows("#!/bin/bash\r\necho ❄ 🚗\r\n") {
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
	kindtest.AssertAction(t, err, "save it as UTF-8")
}

func TestPrepare_SaysWhatToChange(t *testing.T) {
	venv := "Invalid virtualenv. Zip file does not include virtualenv/bin/activate_this.py or virtualenv/lib/python3.*/site-packages."
	for name, c := range map[string]struct {
		kind  kind.Kind
		files map[string]string
		words string
	}{
		"python, a folder":            {kindtest.Python(t), map[string]string{"plates/__main__.py": "", "plates/x": ""}, `It has __main__.py in the folder "plates": zip what is in that folder, not the folder itself.`},
		"python, a folder of macOS's": {kindtest.Python(t), map[string]string{"__MACOSX/x": "", "plates/__main__.py": ""}, `in the folder "plates"`},
		"python, capitals":            {kindtest.Python(t), map[string]string{"__Main__.py": ""}, `It has "__Main__.py": rename it to __main__.py`},
		"python, main is a folder":    {kindtest.Python(t), map[string]string{"__main__.py/x": ""}, `Its __main__.py is a folder.`},
		"python, nowhere":             {kindtest.Python(t), map[string]string{"x.py": ""}, "Zip file does not include __main__.py at its root."},
		"python, no environment":      {kindtest.Python(t), map[string]string{"__main__.py": "", "virtualenv/x": ""}, venv},
		"python, Windows environment": {kindtest.Python(t), map[string]string{"__main__.py": "", "virtualenv/Scripts/activate_this.py": "", `virtualenv\Lib\site-packages\x.py`: ""}, venv + " It was made on Windows"},
		"native, a folder":            {native.Kind{}, map[string]string{"app/exec": ""}, `It has exec in the folder "app"`},
		"native, for Windows":         {native.Kind{}, map[string]string{"exec": "MZ\x90\x00"}, "It is a program for Windows: build it for Linux"},
		"node, a folder":              {kindtest.Node(t), map[string]string{"app/index.js": ""}, `It has index.js in the folder "app"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.kind.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kindtest.Zip(t, c.files), "main")
			kindtest.AssertAction(t, err, c.words)
		})
	}
	_, err := native.Kind{}.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kind.Code("MZ\x90\x00"), "main")
	kindtest.AssertAction(t, err, "It is a program for Windows")
}

func TestPrepare_EmptyZipSaysSo(t *testing.T) {
	s, empty := kindtest.Builder(t), kindtest.Zip(t, nil)
	for name, k := range map[string]kind.Kind{"python": kindtest.Python(t), "node": kindtest.Node(t), "go": kindtest.Go(t), "native": native.Kind{}, "http": http.Kind{}} {
		t.Run(name, func(t *testing.T) {
			_, err := k.Prepare(t.Context(), kind.Site{Dir: t.TempDir(), Builder: s, Sink: &kindtest.Logs{}}, empty, "main")
			kindtest.AssertAction(t, err, "it is empty: there is no file in it")
		})
	}
	_, err := kind.Set{kindtest.Python(t), native.Kind{}}.Resolve("", empty)
	kindtest.AssertAction(t, err, "its zip is empty")
}

// What the server itself reads of an action is bounded: a zip may unpack to far more
// than the server's memory should hold.
func TestPrepare_BoundsWhatItReads(t *testing.T) {
	long := strings.Repeat("package-that-is-not-there\n", 50_000)
	_, err := kindtest.Python(t).Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kindtest.Zip(t, map[string]string{"__main__.py": "", "requirements.txt": long}), "main")
	kindtest.AssertAction(t, err, "too large")
	_, err = kindtest.Node(t).Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kindtest.Zip(t, map[string]string{"index.js": "", "package.json": `{"x":"` + long + `"}`}), "main")
	kindtest.AssertAction(t, err, "too large")
	_, err = kindtest.Node(t).Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kindtest.Zip(t, map[string]string{
		"index.js": "", "package.json": `{"dependencies":{"a":"1"}}`, "package-lock.json": strings.Repeat(long, 8),
	}), "main")
	kindtest.AssertAction(t, err, "too large")
}
