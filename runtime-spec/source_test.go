package runtimespec_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// constants returns the string constants of a source file whose names start with
// prefix. Documents are compared with them, so that none can be forgotten.
func constants(t *testing.T, file, prefix string) map[string]string {
	return collect(t, file, func(name, _ string) bool { return strings.HasPrefix(name, prefix) })
}

func constantsOfType(t *testing.T, file, kind string) map[string]string {
	return collect(t, file, func(_, k string) bool { return k == kind })
}

func collect(t *testing.T, file string, wanted func(name, kind string) bool) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	require.NoError(t, err)
	out := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		kind := ""
		if id, ok := spec.Type.(*ast.Ident); ok {
			kind = id.Name
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if ok && literal.Kind == token.STRING && wanted(spec.Names[0].Name, kind) {
			out[spec.Names[0].Name], err = strconv.Unquote(literal.Value)
			require.NoError(t, err)
		}
		return true
	})
	require.NotEmpty(t, out, "%s", file)
	return out
}
