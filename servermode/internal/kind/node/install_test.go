package node_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
)

func runNode(t *testing.T, s *build.Builder, files map[string]string) (string, string, error) {
	t.Helper()
	return runNodeCode(t, s, kindtest.Zip(t, files))
}

func runNodeCode(t *testing.T, b *build.Builder, code kind.Code) (string, string, error) {
	t.Helper()
	return kindtest.Try(t, kindtest.Node(t), kind.Site{Builder: b}, code, "main")
}

func TestNode_Dependencies(t *testing.T) {
	at, s := npmRegistry(t), kindtest.Builder(t)
	files := func(dependency string) map[string]string {
		return map[string]string{
			"index.js":     "const { name } = require('whisker'); exports.main = () => ({ name });",
			"package.json": `{"name":"a","main":"index.js","scripts":{"prepare":"exit 1"},"dependencies":{"whisker":"` + dependency + `"}}`,
		}
	}
	result, log, err := runNode(t, s, files(at+"/whisker.tgz"))
	require.NoError(t, err, log)
	assert.Equal(t, `{"name":"whisker 1.2"}`, result)
	assert.Contains(t, log, "installing the dependencies of package.json")

	again := files(at + "/whisker.tgz")
	again["index.js"] = "exports.main = () => ({ again: require('whisker').name });"
	result, log, err = runNode(t, s, again)
	require.NoError(t, err, log)
	assert.Equal(t, `{"again":"whisker 1.2"}`, result)
	assert.Empty(t, log, "they are there")

	bundled := files("file:../elsewhere")
	bundled["node_modules/whisker/index.js"] = "exports.name = 'bundled';"
	result, log, err = runNode(t, nil, bundled)
	require.NoError(t, err, log)
	assert.Equal(t, `{"name":"bundled"}`, result, "what the zip has is taken as it is")
}

func TestNode_DependenciesThatCannotBe(t *testing.T) {
	at, s := npmRegistry(t), kindtest.Builder(t)
	for name, c := range map[string]struct{ json, words string }{
		"not there":     {`{"dependencies":{"whisker":"` + at + `/missing.tgz"}}`, "dependencies could not be installed"},
		"a folder":      {`{"dependencies":{"whisker":"file:whisker"}}`, "is a folder of the action"},
		"not an object": {`{"dependencies":["whisker"]}`, "must be an object of texts"},
	} {
		t.Run(name, func(t *testing.T) {
			_, log, err := runNode(t, s, map[string]string{"index.js": "exports.main = () => ({})", "package.json": c.json})
			kindtest.AssertAction(t, err, c.words)
			if name == "not there" {
				assert.Contains(t, log, "404")
			}
		})
	}
}

func TestNode_AFunctionThatIsAllAModuleExports(t *testing.T) {
	for name, code := range map[string]kind.Code{
		"text": kind.Code("module.exports = (args) => ({ alone: true });"),
		"zip":  kindtest.Zip(t, map[string]string{"index.js": "module.exports = function hello(args) { return { alone: true } };"}),
	} {
		t.Run(name, func(t *testing.T) {
			p, out, err := launchNode(t, code, "main", nil)
			require.NoError(t, err, out)
			result, _ := kindtest.Answers(t, p, `{}`)
			assert.Equal(t, `{"alone":true}`, result)
			_, _, err = launchNode(t, code, "other", nil)
			require.Error(t, err)
		})
	}
}
