package python_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
)

// platformsLauncher is the line of the platform's launcher that says what it calls.
const platformsLauncher = "import sys\nfrom main__ import NAME as main\nsys.exit('this is for the image')\n"

// compiledByThePlatform is what -compile of its Python runtimes makes.
func compiledByThePlatform(main string) map[string]string {
	return map[string]string{
		"exec":      "#!/bin/bash\ncd \"$(dirname $0)\"\nexec /usr/local/bin/python exec__.py\n",
		"exec.env":  "openwhisk/action-python-v3.11",
		"exec__.py": strings.ReplaceAll(platformsLauncher, "NAME", main),
		"main__.py": "import packed\ndef main(args): return {'from': 'main', 'has': packed.NAME}\ndef niam(args): return {'from': 'niam', 'has': packed.NAME}\n",
		"virtualenv/lib/python3.11/site-packages/packed.py": "NAME = 'packed'\n",
		"virtualenv/bin/activate_this.py":                   "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'lib/python3.11/site-packages'))\n",
		"virtualenv/bin/python":                             "->/usr/local/bin/python",
		"virtualenv/bin/python3":                            "->python",
	}
}

func TestPython_RunsWhatThePlatformCompiled(t *testing.T) {
	for _, main := range []string{"main", "niam"} {
		code := kindtest.Zip(t, compiledByThePlatform(main))
		k, err := kind.Set{kindtest.Python(t), native.Kind{}}.Resolve("", code)
		require.NoError(t, err)
		assert.Equal(t, "python:3", k.Name())
		p, out, err := launch(t, code, "main")
		require.NoError(t, err, out)
		result, log := kindtest.Answers(t, p, `{}`)
		assert.JSONEq(t, `{"from":"`+main+`","has":"packed"}`, result, "the function's name was compiled in")
		assert.Empty(t, log)
	}
}

func TestPython_SourceGoesBeforeWhatThePlatformCompiled(t *testing.T) {
	files := compiledByThePlatform("niam")
	files["__main__.py"] = "def main(args): return {'from': 'source'}"
	p, out, err := launch(t, kindtest.Zip(t, files), "main")
	require.NoError(t, err, out)
	result, _ := kindtest.Answers(t, p, `{}`)
	assert.Equal(t, `{"from": "source"}`, result)
}
