package kind_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
)

// linkedZip is a zip in which a text that begins with -> is a link's target.
func linkedZip(t *testing.T, files map[string]string) kind.Code {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		head := &zip.FileHeader{Name: name}
		head.SetMode(0o644)
		if target, ok := strings.CutPrefix(text, "->"); ok {
			head.SetMode(os.ModeSymlink | 0o777)
			text = target
		}
		entry, err := w.CreateHeader(head)
		require.NoError(t, err)
		_, err = entry.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// outside is a folder that is none of the action's, with one file.
type outside string

const secret = "-r what-only-the-owner-may-read"

func newOutside(t *testing.T) outside {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte(secret), 0o600))
	return outside(dir)
}

func (o outside) unchanged(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(string(o))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing was written there")
	info, err := entries[0].Info()
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode(), "nor its mode changed")
	text, err := os.ReadFile(filepath.Join(string(o), "file"))
	require.NoError(t, err)
	assert.Equal(t, secret, string(text))
}

// An author's links may lead anywhere. The server, root perhaps, does not follow
// those that lead out of the action's folder, wherever it looks.
func TestPrepare_FollowsNoLinkOutOfTheFolder(t *testing.T) {
	o, s := newOutside(t), shop(t)
	file, missing := "->"+string(o)+"/file", "->"+string(o)+"/new"
	goMain := "package main\n\nfunc Main() {}\n"
	python := func(t *testing.T) kind.Kind { return python(t) }
	golang := func(t *testing.T) kind.Kind { return golang(t) }
	node := func(t *testing.T) kind.Kind { return node(t) }
	native := func(*testing.T) kind.Kind { return kind.Native{ExecutionEnv: "go-1"} }
	web := func(*testing.T) kind.Kind { return kind.HTTP{} }
	for name, c := range map[string]struct {
		kind  func(*testing.T) kind.Kind
		files map[string]string
		err   string // empty: it works
	}{
		"python, main":            {python, map[string]string{"__main__.py": file}, "a link that leads nowhere, or out of the archive"},
		"python, compiled main":   {python, map[string]string{"main__.py": file, "exec__.py": file}, "does not include __main__.py"},
		"python, its launcher":    {python, map[string]string{"main__.py": "def main(a): return a", "exec__.py": file}, ""},
		"python, requirements":    {python, map[string]string{"__main__.py": "", "requirements.txt": file}, "no link that leads elsewhere"},
		"python, virtualenv":      {python, map[string]string{"__main__.py": "", "virtualenv": "->" + string(o)}, ""},
		"python, in virtualenv":   {python, map[string]string{"__main__.py": "", "virtualenv/lib": "->" + string(o)}, ""},
		"python, its interpreter": {python, map[string]string{"__main__.py": "", "virtualenv/bin/python": "->/usr/local/bin/python", "virtualenv/bin/activate_this.py": ""}, ""},
		"native, exec":            {native, map[string]string{"exec": file}, "a link that leads nowhere, or out of the archive"},
		"native, exec.env":        {native, map[string]string{"exec": "#!/bin/sh\n", "exec.env": file}, "no exec.env"},
		"http, requirements":      {web, map[string]string{"exec": "#!/bin/sh\n", "requirements.txt": file}, ""},
		"node, package":           {node, map[string]string{"index.js": "", "package.json": file}, ""},
		"node, lock":              {node, map[string]string{"index.js": "", "package.json": `{"dependencies":{}}`, "package-lock.json": file}, ""},
		"go, source":              {golang, map[string]string{"main.go": goMain, "more.go": file}, noBinary},
		"go, module":              {golang, map[string]string{"main.go": goMain, "go.mod": file}, ""},
		"go, new module":          {golang, map[string]string{"main.go": goMain, "go.mod": missing}, ""},
		"go, launcher":            {golang, map[string]string{"main.go": goMain, "whiskaway_launcher.go": missing}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			out := &logs{}
			command, err := c.kind(t).Prepare(t.Context(), kind.Site{Dir: t.TempDir(), Shop: s, Sink: out}, linkedZip(t, c.files), "main")
			if command.Close != nil {
				defer command.Close()
			}
			if c.err == "" {
				require.NoError(t, err, out)
			} else {
				assert.NotContains(t, assertAction(t, err, c.err).Log, "what-only-the-owner")
				assert.NotContains(t, err.Error(), "what-only-the-owner")
			}
			o.unchanged(t)
		})
	}
}
