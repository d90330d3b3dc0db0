package test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// generated folders are written by programs or come from elsewhere.
var generated = map[string]bool{"../.git": true, "../shared": true, "../bench/results": true, "../bench/results-quick": true}

// documents returns the project's texts by their path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && generated[filepath.ToSlash(path)]:
			return fs.SkipDir
		case entry.Type().IsRegular() && strings.HasSuffix(path, ".md"):
			text, err := os.ReadFile(path)
			all[strings.TrimPrefix(filepath.ToSlash(path), "../")] = string(text)
			return err
		}
		return nil
	}))
	require.Contains(t, all, "docs/guarantees.md")
	return all
}

// Each guarantee names its tests, and they exist.
func TestDocuments_GuaranteesHaveTheirTests(t *testing.T) {
	text, err := os.ReadFile("../docs/guarantees.md")
	require.NoError(t, err)
	rows := strings.Split(string(text), "\n- **")[1:]
	require.Greater(t, len(rows), 100)
	sources := tests(t)
	seen := map[string]bool{}
	for _, row := range rows {
		number, _, _ := strings.Cut(row, ".")
		assert.False(t, seen[number], "there are two guarantees of the number %s", number)
		seen[number] = true
		named := regexp.MustCompile(`(?:Test|Fuzz)[A-Z]\w+`).FindAllString(row, -1)
		assert.NotEmpty(t, named, "guarantee %s names no test", number)
		for _, name := range named {
			assert.Contains(t, sources, "func "+name+"(", "guarantee %s", number)
		}
	}
}

// tests returns the text of all tests.
func tests(t *testing.T) string {
	t.Helper()
	var sources strings.Builder
	require.NoError(t, filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			source, readErr := os.ReadFile(path)
			sources.Write(source)
			err = readErr
		}
		return err
	}))
	return sources.String()
}

// columns is how wide a line of a document may be.
const columns = 120

func TestDocuments_LinesAreNarrow(t *testing.T) {
	for path, text := range documents(t) {
		for i, line := range strings.Split(text, "\n") {
			if n := utf8.RuneCountInString(line); n > columns && !reference(path, line) {
				assert.Fail(t, fmt.Sprintf("%s:%d has %d columns, %d are allowed", path, i+1, n, columns))
			}
		}
	}
}

// reference reports whether a line is a row of the specification's tables, which
// are looked up rather than read.
func reference(path, line string) bool {
	return strings.HasPrefix(path, "runtime-spec/") && strings.HasPrefix(line, "|")
}

// A stranger reads ARCHITECTURE.md in ten minutes, and the README in four.
func TestDocuments_AreShort(t *testing.T) {
	all := documents(t)
	assert.LessOrEqual(t, len(all["ARCHITECTURE.md"]), 12<<10, "bytes of ARCHITECTURE.md")
	assert.Less(t, len(strings.Fields(all["README.md"])), 900, "words of README.md")
}

// avoided maps a pattern to the field's words for it. A machine is it, so words
// for persons are avoided.
var avoided = map[string]string{
	`\bunmet\b|\b(?:was|were) (?:not )?met\b`:         "unidentified, identified",
	`\bwhoever\b|\bwhom(?:ever)?\b`:                   "the server, the caller, … that",
	`\b(?:no|some|any)body(?:'s)?\b`:                  "no server, a caller, another tenant, …",
	`\bpeople's\b|\b(?:drained by|drain of) people\b`: "by an operator, an operator's",
	`\bheed(?:s|ed)?\b`:                               "honours, reacts to, notes",
	`\bdear(?:er|ly)?\b`:                              "costly",
	`\bdr(?:ives|iven|ove) out\b`:                     "evicts, evicted",
	`\bbefore its time\b`:                             "early",
	`\banew\b`:                                        "again, new",
	`\b(?:the|a) shops?\b`:                            "the builder",
	`\bstorey\b`:                                      "level",
	`\bhungry\b|\bcontenders?\b`:                      "waiting for a CPU share",
	`\bwithout a word\b`:                              "without notice",
	`\bone's own\b`:                                   "your own, its own",
}

func TestDocuments_SayTheFieldsWords(t *testing.T) {
	all := documents(t)
	delete(all, "CHANGELOG.md") // it says what things were called before
	words := fieldsWords(avoided)
	for path, text := range all {
		for i, line := range strings.Split(text, "\n") {
			if !reference(path, line) {
				words.check(t, line, func(int) string { return fmt.Sprintf("%s:%d", path, i+1) })
			}
		}
	}
}

// A link to a file of ours leads to one, and a link into a document to one of
// its headings.
func TestDocuments_LinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for path, text := range documents(t) {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			name, anchor, _ := strings.Cut(found[1], "#")
			target := filepath.Join("..", path)
			if name != "" {
				target = filepath.Join("..", filepath.Dir(path), name)
			}
			linked, err := os.Stat(target)
			if !assert.NoError(t, err, "%s links to %s", path, found[1]) || anchor == "" || linked.IsDir() {
				continue
			}
			headings, err := os.ReadFile(target)
			require.NoError(t, err)
			assert.Contains(t, anchors(string(headings)), anchor, "%s links to %s", path, found[1])
		}
	}
}

// anchors returns the names that GitHub gives a document's headings.
func anchors(text string) (all []string) {
	heading := regexp.MustCompile("(?m)^#+ (.*)$")
	dropped := regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		name := dropped.ReplaceAllString(strings.ToLower(found[1]), "")
		all = append(all, strings.ReplaceAll(name, " ", "-"))
	}
	return all
}
