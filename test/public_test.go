package test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// public are the packages that programs of users can import.
var public = []string{
	"runtime-spec", "runtime-spec/conformance", "clientmode", "servermode", "servermode/eviction",
	"loadbalancer", "loadbalancer/policy", "loadbalancer/policy/simulator",
}

// What a user cannot import, no public signature names. Each public package shows
// in an example how it is used.
func TestHouse_PublicSignaturesAreOfPublicTypes(t *testing.T) {
	for _, pkg := range public {
		sources, err := filepath.Glob("../" + pkg + "/*.go")
		require.NoError(t, err)
		examples := 0
		for _, name := range sources {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			if !strings.HasSuffix(name, "_test.go") {
				hidden := internals(file)
				for _, declaration := range file.Decls {
					signatures(declaration, func(e ast.Expr) {
						ast.Inspect(e, func(n ast.Node) bool {
							if s, ok := n.(*ast.SelectorExpr); ok {
								x, _ := s.X.(*ast.Ident)
								assert.False(t, x != nil && hidden[x.Name], "%s: a public signature names %s.%s", name, x, s.Sel)
							}
							return true
						})
					})
				}
				continue
			}
			for _, declaration := range file.Decls {
				if f, ok := declaration.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Example") {
					examples++
				}
			}
		}
		assert.Positive(t, examples, "%s has no example", pkg)
	}
}

// internals returns the names by which a file calls packages that users cannot import.
func internals(file *ast.File) map[string]bool {
	names := map[string]bool{}
	for _, i := range file.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		if !strings.Contains(path+"/", "/internal/") {
			continue
		}
		if i.Name != nil {
			names[i.Name.Name] = true
		} else {
			names[path[strings.LastIndex(path, "/")+1:]] = true
		}
	}
	return names
}

// signatures visits the types that a declaration shows to users.
func signatures(d ast.Decl, visit func(ast.Expr)) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || exportedReceiver(d.Recv.List[0].Type)) {
			visit(d.Type)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				if spec.Names[0].IsExported() && spec.Type != nil {
					visit(spec.Type)
				}
			case *ast.TypeSpec:
				if spec.Name.IsExported() {
					shown(spec.Type, visit)
				}
			}
		}
	}
}

func exportedReceiver(e ast.Expr) bool {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	name, ok := e.(*ast.Ident)
	return ok && name.IsExported()
}

// shown visits a type without the fields that are a struct's own.
func shown(e ast.Expr, visit func(ast.Expr)) {
	of, ok := e.(*ast.StructType)
	if !ok {
		visit(e)
		return
	}
	for _, field := range of.Fields.List {
		if len(field.Names) == 0 || field.Names[0].IsExported() {
			visit(field.Type)
		}
	}
}
