package golang

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/folder"
)

var exportedName = regexp.MustCompile(`^[A-Z]\w*$`)

// maxParsed is the largest file that is parsed. For a larger one, the compiler finds
// out whether it has the function.
const maxParsed = 1 << 20

// sources is what the sources of package main say.
type sources struct {
	has    map[string]bool // functions
	module string          // what they call the module that they are in
}

// These name an action's module where its zip has no go.mod. The platform's runtimes
// call it exec, so that name is used where the sources import their own packages by
// it.
const (
	ownModule       = "action"
	platformsModule = "exec"
)

// readSources reads the sources. Sources with a main of their own speak ActionLoop
// themselves. Others must have the function. Code that does not parse is left to the
// compiler, whose message is better.
func readSources(src, function string) (sources, error) {
	names, err := folder.In(src, func(root *os.Root) ([]string, error) { return fs.Glob(root.FS(), "*.go") })
	if err != nil {
		return sources{}, err
	}
	out, found, unclear := sources{has: map[string]bool{}, module: ownModule}, 0, false
	for _, name := range names {
		if !isRootFile(name) {
			continue
		}
		found++
		text, err := folder.ReadText(src, name, maxParsed)
		if err != nil {
			unclear = true
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		unclear = unclear || err != nil
		if file != nil {
			out.read(file)
		}
	}
	switch {
	case found == 0:
		return out, &kind.ActionError{Message: kind.NoBinary, Log: "The zip has no Go source at its root." + below(src)}
	case !unclear && !out.has["main"] && !out.has[function]:
		return out, &kind.ActionError{Message: kind.NoBinary, Log: fmt.Sprintf("The action has no function %s in package main.", function)}
	}
	return out, nil
}

func (s *sources) read(file *ast.File) {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
			s.has[f.Name.Name] = true
		}
	}
	for _, i := range file.Imports {
		if strings.HasPrefix(i.Path.Value, `"`+platformsModule+`/`) {
			s.module = platformsModule
		}
	}
}

// below names a folder of the zip that has Go source. The result starts with a
// space, or is empty.
func below(src string) string {
	names, _ := folder.In(src, func(root *os.Root) ([]string, error) { return fs.Glob(root.FS(), "*/*.go") })
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(" The folder %q has some: if that is the action, zip what is in the folder, not the folder itself.", filepath.Dir(names[0]))
}
