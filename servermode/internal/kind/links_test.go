package kind_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/http"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
)

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

// An author's links may lead anywhere. The server may be root, and follows no link
// that leads out of the action's folder, wherever it looks.
func TestPrepare_FollowsNoLinkOutOfTheFolder(t *testing.T) {
	o, s := newOutside(t), kindtest.Builder(t)
	file, missing := "->"+string(o)+"/file", "->"+string(o)+"/new"
	goMain := "package main\n\nfunc Main() {}\n"
	python := func(t *testing.T) kind.Kind { return kindtest.Python(t) }
	golang := func(t *testing.T) kind.Kind { return kindtest.Go(t) }
	node := func(t *testing.T) kind.Kind { return kindtest.Node(t) }
	program := func(*testing.T) kind.Kind { return native.Kind{ExecutionEnv: "go-1"} }
	web := func(*testing.T) kind.Kind { return http.Kind{} }
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
		"native, exec":            {program, map[string]string{"exec": file}, "a link that leads nowhere, or out of the archive"},
		"native, exec.env":        {program, map[string]string{"exec": "#!/bin/sh\n", "exec.env": file}, "no exec.env"},
		"http, requirements":      {web, map[string]string{"exec": "#!/bin/sh\n", "requirements.txt": file}, ""},
		"node, package":           {node, map[string]string{"index.js": "", "package.json": file}, "package.json cannot be read"},
		"node, lock":              {node, map[string]string{"index.js": "", "package.json": `{"dependencies":{}}`, "package-lock.json": file}, ""},
		"go, source":              {golang, map[string]string{"main.go": goMain, "more.go": file}, kind.NoBinary},
		"go, module":              {golang, map[string]string{"main.go": goMain, "go.mod": file}, ""},
		"go, new module":          {golang, map[string]string{"main.go": goMain, "go.mod": missing}, ""},
		"go, launcher":            {golang, map[string]string{"main.go": goMain, "whiskaway_launcher.go": missing}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			out := &kindtest.Logs{}
			command, err := c.kind(t).Prepare(t.Context(), kind.Site{Dir: t.TempDir(), Builder: s, Sink: out}, kindtest.Zip(t, c.files), "main")
			if command.Close != nil {
				defer command.Close()
			}
			if c.err == "" {
				require.NoError(t, err, out)
			} else {
				assert.NotContains(t, kindtest.AssertAction(t, err, c.err).Log, "what-only-the-owner")
				assert.NotContains(t, err.Error(), "what-only-the-owner")
			}
			o.unchanged(t)
		})
	}
}
