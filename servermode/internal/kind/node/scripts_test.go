package node_test

import (
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
)

const usesSecret = "exports.main = () => ({ name: require('secret').name, seen: process.env.npm_config_registry ?? null })"

// The zip's .npmrc says where packages are and brings the author's token. The token
// is left nowhere: not in the log, not in what functions share.
func TestNode_Npmrc(t *testing.T) {
	at, s := npmRegistry(t), kindtest.Builder(t)
	files := map[string]string{
		"index.js": usesSecret, "package.json": `{"dependencies":{"secret":"1"}}`,
		".npmrc": "\ufeffregistry=" + at + "/\r\n//" + strings.TrimPrefix(at, "http://") + "/:_authToken=" + npmToken + "\r\n",
	}
	result, log, err := runNode(t, s, files)
	require.NoError(t, err, log)
	assert.Equal(t, `{"name":"secret 1.0","seen":null}`, result)
	assert.Contains(t, log, "by the zip's .npmrc")
	assert.NotContains(t, log, npmToken)
	out, _ := exec.Command("grep", "-rl", npmToken, s.Dir()).Output()
	assert.Empty(t, string(out), "it is in no build, and no cache")

	without := maps.Clone(files)
	delete(without, ".npmrc")
	t.Setenv("npm_config_registry", at)
	_, _, err = runNode(t, s, without)
	kindtest.AssertAction(t, err, "E401")
	other := maps.Clone(files)
	other[".npmrc"] = strings.Replace(files[".npmrc"], npmToken, "another", 1)
	_, log, err = runNode(t, s, other)
	kindtest.AssertAction(t, err, "E401")
	assert.NotEmpty(t, log, "another token is another build: no function gets what its own token could not install")
}

func TestNode_NpmrcTakesInitParameters(t *testing.T) {
	at, s := npmRegistry(t), kindtest.Builder(t)
	code := kindtest.Zip(t, map[string]string{
		"index.js": usesSecret, "package.json": `{"dependencies":{"secret":"1"}}`,
		".npmrc": "registry=" + at + "/\n//" + strings.TrimPrefix(at, "http://") + "/:_authToken=${NPM_TOKEN}\n",
	})
	prepare := func(env map[string]string) error {
		command, err := kindtest.Node(t).Prepare(t.Context(), kind.Site{Dir: t.TempDir(), Builder: s, Sink: &kindtest.Logs{}, Env: env}, code, "main")
		if command.Close != nil {
			t.Cleanup(command.Close)
		}
		return err
	}
	require.NoError(t, prepare(map[string]string{"NPM_TOKEN": npmToken}))
	kindtest.AssertAction(t, prepare(map[string]string{"NPM_TOKEN": "another"}), "E401")
	kindtest.AssertAction(t, prepare(map[string]string{"NPM_TOKEN": npmToken + "\n"}), "E401") // a value adds no line
	assert.Error(t, prepare(nil))
}

// A file that npm reads is one of the zip, never one of the host.
func TestNode_PackageFilesAreTheActions(t *testing.T) {
	secret := t.TempDir() + "/secret"
	require.NoError(t, os.WriteFile(secret, []byte(`{"dependencies":{"a":"1"}}`), 0o600))
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		dir := t.TempDir()
		require.NoError(t, os.Symlink(secret, dir+"/"+name))
		files := map[string]string{"index.js": ""}
		if name != "package.json" {
			files["package.json"] = `{"dependencies":{"a":"1"}}`
		}
		_, err := kindtest.Node(t).Prepare(t.Context(), kind.Site{Dir: dir, Builder: kindtest.Builder(t), Sink: &kindtest.Logs{}}, kindtest.Zip(t, files), "main")
		kindtest.AssertAction(t, err, name+" cannot be read: it must be a file of the zip")
	}
}

// Install scripts of the action's own package see all of it, and the action gets
// what they make.
func TestNode_InstallScripts(t *testing.T) {
	at, s := npmRegistry(t), kindtest.Builder(t)
	t.Setenv("npm_config_registry", at)
	files := map[string]string{
		"package.json": `{"main":"dist/index.js","scripts":{"postinstall":"node build.js"},"dependencies":{"whisker":"1"},"devDependencies":{"cat":"1"}}`,
		"build.js": `const fs = require("fs"); fs.mkdirSync("dist"); fs.copyFileSync("source.js", "dist/index.js")
fs.writeFileSync("dist/made.json", JSON.stringify({ with: require("cat").name, secret: process.env.MINE ?? null }))`,
		"source.js": `const made = require("./made.json"); exports.main = () => ({ ...made, uses: require("whisker").name, text: require("fs").readFileSync("text.txt", "utf8") })`,
		"text.txt":  "here",
	}
	code := kindtest.Zip(t, files)
	result, log, err := runNodeCode(t, s, code)
	require.NoError(t, err, log)
	assert.JSONEq(t, `{"with":"cat 1.0","secret":null,"uses":"whisker 1.2","text":"here"}`, result)
	assert.Contains(t, log, "and running postinstall")

	result, log, err = runNodeCode(t, s, code)
	require.NoError(t, err, log)
	assert.Contains(t, result, "whisker 1.2")
	assert.Empty(t, log, "it is there")

	files["text.txt"] = "changed"
	result, log, err = runNode(t, s, files)
	require.NoError(t, err, log)
	assert.Contains(t, result, "changed", "other files are another build")

	for script, want := range map[string]string{"preinstall": "exit 3", "install": "exit 3"} {
		files["package.json"] = `{"scripts":{"` + script + `":"` + want + `"}}`
		_, _, err = runNode(t, s, files)
		kindtest.AssertAction(t, err, "command failed; command sh -c exit 3")
	}
	files["package.json"] = `{"main":"source.js","scripts":{"postinstall":"exit 3"}}`
	files[".npmrc"] = "ignore-scripts=true"
	_, _, err = runNode(t, s, files)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "command failed", "the author's .npmrc says so")
}
