package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/node"
)

func TestNode_Matches(t *testing.T) {
	n := kindtest.Node(t)
	own := strings.TrimPrefix(n.Name(), "nodejs:")
	set := kind.Set{n}
	for _, requested := range []string{"nodejs", "nodejs:default", "nodejs:" + own, "nodejs-gpu", "nodejs:default-gpu", "nodejs:" + own + "-gpu"} {
		k, err := set.Resolve(requested, nil)
		require.NoError(t, err, requested)
		assert.Equal(t, n.Name(), k.Name())
	}
	for _, requested := range []string{"nodejs:6", "nodejs:99-gpu", "nodejs:" + own + ".1"} {
		_, err := set.Resolve(requested, nil)
		require.ErrorIs(t, err, kind.ErrUnsupported)
		assert.EqualError(t, err, `kind is not supported: "`+requested+`"; this server has Node `+own)
	}
	_, err := set.Resolve("node", nil)
	assert.ErrorContains(t, err, "this server runs nodejs:"+own)
}

func TestNewNode_SaysWhatIsWrong(t *testing.T) {
	old := filepath.Join(t.TempDir(), "node")
	require.NoError(t, os.WriteFile(old, []byte("#!/bin/sh\necho '{\"version\":\"16.20.1\",\"exec\":\"/x/node\"}'"), 0o755))
	_, err := node.New([]string{"/no/such/node", old, "/bin/echo"}, t.TempDir(), -1, "", 1)
	for _, part := range []string{"no Node that a function could run", "/no/such/node", "is Node 16.20.1; 18 or later is needed", "is no Node"} {
		assert.ErrorContains(t, err, part)
	}
}

func TestNode_Prepare(t *testing.T) {
	n := kindtest.Node(t)
	for name, c := range map[string]struct {
		code kind.Code
		form string
	}{
		"source": {kind.Code("function main() {}"), "text"},
		"zip":    {kindtest.Zip(t, map[string]string{"index.js": ""}), "archive"},
		"tar.gz": {kindtest.Tar(t, "package.json", "{}"), "archive"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			command, err := n.Prepare(t.Context(), kind.Site{Dir: dir}, c.code, "main")
			require.NoError(t, err)
			assert.Equal(t, []string{dir, "main", c.form, "one"}, command.Args[2:])
			assert.Equal(t, dir, command.Dir)
			assert.Equal(t, kind.Framed, command.Protocol)
			assert.True(t, command.WaitForAck)
			assert.Equal(t, 1, command.Concurrency)
		})
	}
	_, err := n.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kindtest.Zip(t, map[string]string{"hello": ""}), "main")
	action := kindtest.AssertAction(t, err, "Error: Zipped actions must contain either package.json or index.js at the root.")
	assert.Contains(t, action.Message, "Zipped actions must contain")
	_, err = n.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kindtest.Zip(t, map[string]string{"other.js": ""}), "other.main")
	assert.NoError(t, err, "main names the file")
	_, err = n.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kindtest.Zip(t, map[string]string{"../index.js": ""}), "main")
	kindtest.AssertAction(t, err, "outside the action's folder")
}

func TestNode_ConcurrencyIsTheActionsWish(t *testing.T) {
	n := kindtest.Node(t)
	for value, want := range map[string]int{"true": 200, "True": 200, "1": 200, "false": 1, "": 1, "yes": 1, "0": 1} {
		command, err := n.Prepare(t.Context(), kind.Site{Dir: t.TempDir(), Env: map[string]string{"__OW_ALLOW_CONCURRENT": value}}, kind.Code("x"), "main")
		require.NoError(t, err)
		assert.Equal(t, want, command.Concurrency, value)
	}
}

func TestNode_ModulesOfTheHost(t *testing.T) {
	n := kindtest.Node(t)
	path := func() string {
		command, err := n.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kind.Code("x"), "main")
		require.NoError(t, err)
		value, found := strings.CutPrefix(command.Env[0], "NODE_PATH=")
		require.True(t, found)
		return value
	}
	prefix := filepath.Dir(filepath.Dir(n.Exec))
	assert.True(t, strings.HasPrefix(path()+":", prefix+"/lib/node_modules:"), path())
	assert.Contains(t, path(), "/usr/local/lib/node_modules")
	n.Modules = "/opt/modules"
	assert.Equal(t, "/opt/modules", path())
}

func TestNode_SourcesFromWindows(t *testing.T) {
	source := kindtest.Mark + "exports.main = () => ({ got: '❄' })\r\n"
	for name, files := range map[string]map[string]string{
		"script":  {"index.js": source},
		"package": {"package.json": kindtest.Mark + `{"main":"lib.js","dependencies":{}}`, "lib.js": source},
		"module":  {"package.json": `{"main":"lib.mjs"}`, "lib.mjs": kindtest.Mark + "export const main = () => ({ got: '❄' })\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p, out, err := launchNode(t, kindtest.Zip(t, files), "main", nil)
			require.NoError(t, err, out)
			result, _ := kindtest.Answers(t, p, `{}`)
			assert.JSONEq(t, `{"got":"❄"}`, result)
		})
	}
}
