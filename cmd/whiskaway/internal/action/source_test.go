package action

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSource_SaysWhatToNameOtherwise(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		kind  string
		says  string // empty: it is an action
	}{
		"python":             {[]string{"hello.py"}, "", "if hello.py has the function to call, name it __main__.py"},
		"python, several":    {[]string{"hello.py", "lib.py"}, "", "name it __main__.py"},
		"python, asked for":  {[]string{"hello.py", "index.js"}, "python:3", "name it __main__.py"},
		"node":               {[]string{"hello.js"}, "", "if hello.js has the function to call, name it index.js"},
		"python as it is":    {[]string{"__main__.py"}, "", ""},
		"node as it is":      {[]string{"index.js", "tool.py"}, "", ""},
		"an executable":      {[]string{"exec", "helper.py"}, "", ""},
		"another kind":       {[]string{"Hello.java", "make.py"}, "java:17", ""},
		"compiled elsewhere": {[]string{"exec", "main__.py"}, "python:3", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, file := range c.files {
				put(t, dir, file, "x")
			}
			_, _, err := Source{Path: dir, ForcedKind: c.kind}.Read()
			if c.says == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.says)
			}
		})
	}
}

func TestSource_TakesTheRequirementsBesideAPythonFile(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "hello.py", "def main(args): pass\n")
	put(t, dir, "hello.js", "function main() {}\n")
	s := Source{Path: filepath.Join(dir, "hello.py"), WithRequirements: true}
	alone, _, err := s.Read()
	require.NoError(t, err)
	assert.False(t, alone.Binary, "a file alone goes as it is")
	before := s.fingerprint()

	put(t, dir, "requirements.txt", "six\n")
	assert.NotEqual(t, before, s.fingerprint(), "requirements that come are a new version")
	both, _, err := s.Read()
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"__main__.py": "-rw-r--r-- def main(args): pass\n", "requirements.txt": "-rw-r--r-- six\n"}, content(t, both))
	again, _, err := s.Read()
	require.NoError(t, err)
	assert.Equal(t, both, again)
	before = s.fingerprint()
	put(t, dir, "requirements.txt", "six>=1\n")
	assert.NotEqual(t, before, s.fingerprint())
	assert.True(t, strings.HasPrefix(s.Kind(), "python"))

	for _, other := range []Source{{Path: s.Path}, {Path: filepath.Join(dir, "hello.js"), WithRequirements: true}, {Path: s.Path, ForcedKind: "native", WithRequirements: true}} {
		c, _, err := other.Read()
		require.NoError(t, err)
		assert.False(t, c.Binary)
	}
}
