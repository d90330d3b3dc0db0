// Package blocks_test runs the commands of the documents as they stand there.
// Each document gets a clean checkout, a home folder and a network of its own.
package blocks_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

func TestMain(m *testing.M) {
	if os.Getenv(documentVariable) != "" {
		os.Exit(runDocument())
	}
	os.Exit(m.Run())
}

// documents returns the files whose blocks are run, from the root of the project.
func documents(t *testing.T, root string) (all []string) {
	for _, pattern := range []string{"README.md", "docs/*.md", "examples/*/README.md", "examples/*/*/README.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, path := range found {
			name, err := filepath.Rel(root, path)
			require.NoError(t, err)
			all = append(all, name)
		}
	}
	require.Greater(t, len(all), 5)
	return all
}

func TestBlocks_RunAsWritten(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	harness.Needs(t, "bash", "git", "make")
	bins := built(t)
	for _, name := range documents(t, root) {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		all, err := blocksOf(string(text))
		require.NoError(t, err, name)
		t.Run(name, func(t *testing.T) {
			mine := 0
			for _, b := range all {
				switch {
				case !b.shell():
				case b.suite != "":
					t.Logf("line %d is of the suite %s and not run here", b.line, b.suite)
				default:
					mine++
				}
			}
			if mine == 0 {
				t.Skip("no block of it can be run here")
			}
			if strings.Contains(string(text), "curl ") {
				harness.Needs(t, "curl")
			}
			harness.Needs(t, "python3")
			out, err := run(t, name, checkout(t, root, bins))
			require.NoError(t, err, out)
		})
	}
}

// built builds the binaries once, as make build does.
func built(t *testing.T) string {
	dir := t.TempDir()
	t.Setenv("CGO_ENABLED", "0")
	require.NoError(t, harness.Build(dir, "-trimpath", "-ldflags=-s -w"))
	return dir
}

// checkout returns a copy of the project as it would be committed now, with the
// binaries in bin/. It lies where functions' users can read it, and not below
// /tmp, which each document has for itself.
func checkout(t *testing.T, root, bins string) string {
	dir, err := os.MkdirTemp("/var/tmp", "whiskaway-blocks-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	script := `umask 022; mkdir -p "$1/src/bin" "$1/home"; chmod 755 "$1"
git ls-files -z --cached --others --exclude-standard --deduplicate | while IFS= read -r -d '' f; do if [ -e "$f" ]; then printf '%s\0' "$f"; fi; done |
	tar -c --null --files-from=- | tar -x --no-same-owner -C "$1/src"
cp "$2"/* "$1/src/bin/"`
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script, "checkout", dir, bins)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

// What fails, and a server that does not come up, is told with its line.
func TestBlocks_OneThatFailsIsAFailure(t *testing.T) {
	harness.Needs(t, "bash")
	for text, says := range map[string]string{
		"```sh\ntrue\n```\n\n```sh\necho no luck; false; true\n```\n": "doc.md, the block of line 5: exit status 1",
		"```sh\nls /nowhere | cat\n```\n":                             "No such file",
		"```sh\necho gone " + ownTerminal + "\n```\n":                 "it ended (<nil>), and should stay",
		"```sh\nprintenv HOME | grep -v home\n```\n":                  "the block of line 1",
	} {
		dir := t.TempDir()
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "src"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "src", "doc.md"), []byte(text), 0o600))
		out, err := run(t, "doc.md", dir)
		assert.Error(t, err, text)
		assert.Contains(t, out, says)
	}
}

func TestBlocksOf_RefusesWhatWouldNotRun(t *testing.T) {
	for says, text := range map[string]string{
		"put it between fences":        "Run:\n\n    make demo\n",
		"say what the block is":        "```\nmake demo\n```\n",
		"of the language sh":           "```bash\nmake demo\n```\n",
		"suites are docker":            "```sh dokcer\nmake demo\n```\n",
		"behind sh stands one suite":   "```json docker\n{}\n```\n",
		"line 1: the block has no end": "```sh\nmake demo\n",
	} {
		_, err := blocksOf(text)
		assert.ErrorContains(t, err, says)
	}
	blocks, err := blocksOf("a\n```sh\none\ntwo\n```\n- item\n\n    its own text\n\n```sh gpu\nthree\n```\n```json\n{}\n```\n")
	require.NoError(t, err)
	assert.Equal(t, []block{{2, "sh", "", "one\ntwo\n"}, {10, "sh", "gpu", "three\n"}, {13, "json", "", "{}\n"}}, blocks)
}

func TestBlock_StepsStayOrEnd(t *testing.T) {
	b := block{text: "first\nserver --a \\\n  --b   " + ownTerminal + "\nlast \\\n  of it\nend\n"}
	assert.Equal(t, []step{{"first\n", false}, {"server --a \\\n  --b", true}, {"last \\\n  of it\nend\n", false}}, b.steps())
}
