package test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkedFolders have the code that is held to the field's words.
const checkedFolders = "bench clientmode cmd examples internal loadbalancer runtime-spec servermode"

// avoidedInCode are avoided in comments and string literals, beside the words that
// documents avoid.
var avoidedInCode = map[string]string{
	`\b(?:servers?|balancers?|clients?|callers?|containers?|hosts?|process(?:es)?|machines?) who\b`: "that",
	`\b(?:for|to|by|of) people\b`: "an operator, a reader",
	`\bbegun\b`:                   "started",
	`(?:^|[^-\w])loaded\b`:        "initialised, read, imported",
	`\bcheap(?:er|ly)?\b`:         "fast, at less cost",
	`\bunheard\b|\bunsent\b`:      "not logged, not sent",
}

// avoidedNames are avoided as names of anything in the code.
var avoidedNames = map[string]string{
	`^(?:unmet|letGo|takeBack|giveWay|unheard|hungry|contend|contender|contest|heed|anew|willing|unsent|persist|shop)$`: "the glossary's name",
}

func TestCode_SaysTheFieldsWords(t *testing.T) {
	texts, names := fieldsWords(avoided, avoidedInCode), fieldsWords(avoidedNames)
	for _, folder := range strings.Fields(checkedFolders) {
		require.NoError(t, filepath.WalkDir(filepath.Join("..", folder), func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				checkCode(t, path, texts, names)
			}
			return err
		}))
	}
}

// checkCode checks the comments, the string literals and the names of a file.
func checkCode(t *testing.T, path string, texts, names words) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	require.NoError(t, err)
	at := func(pos token.Pos) string { return strings.TrimPrefix(files.Position(pos).String(), "../") }
	for _, group := range file.Comments {
		text, starts := joined(group)
		texts.check(t, text, func(offset int) string {
			line := 0
			for line+1 < len(starts) && starts[line+1] <= offset {
				line++
			}
			return at(group.List[line].Pos())
		})
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(node.Value); err == nil && node.Kind == token.STRING {
				texts.check(t, text, func(int) string { return at(node.Pos()) })
			}
		case *ast.Ident:
			names.check(t, node.Name, func(int) string { return at(node.Pos()) })
		}
		return true
	})
}

// joined returns a comment in one line, and where each of its lines starts there: a
// phrase may be broken between two.
func joined(group *ast.CommentGroup) (text string, starts []int) {
	for _, comment := range group.List {
		starts = append(starts, len(text))
		text += strings.TrimSpace(strings.TrimPrefix(comment.Text, "//")) + " "
	}
	return text, starts
}

// words are patterns that are avoided, and what to say instead.
type words map[*regexp.Regexp]string

func fieldsWords(of ...map[string]string) words {
	all := words{}
	for _, patterns := range of {
		for pattern, instead := range patterns {
			all[regexp.MustCompile(`(?i)`+pattern)] = instead
		}
	}
	return all
}

// check fails the test for each avoided word of a text; at names the place of an
// offset in it.
func (all words) check(t *testing.T, text string, at func(offset int) string) {
	t.Helper()
	for pattern, instead := range all {
		for _, found := range pattern.FindAllStringIndex(text, -1) {
			assert.Fail(t, fmt.Sprintf("%s says %q: say %s", at(found[0]), text[found[0]:found[1]], instead))
		}
	}
}
