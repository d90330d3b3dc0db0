package kind

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
)

var goName = regexp.MustCompile(`^[A-Z]\w*$`)

// maxParsed is how large a file may be that is looked into; whether a larger one
// has the function is left to the compiler.
const maxParsed = 1 << 20

// goSources is what the sources of package main say.
type goSources struct {
	has    map[string]bool // functions
	module string          // what they call the module that they are in
}

// Names of an action's module where its zip has no go.mod. The platform's
// runtimes call it exec; so it is where the sources import their own packages
// by that name.
const (
	ownModule       = "action"
	platformsModule = "exec"
)

// readGo reads the sources. With a main of their own they speak ActionLoop
// themselves; otherwise they must have the function. What does not parse is left
// to the compiler, who says it better.
func readGo(src, function string) (goSources, error) {
	names, err := inFolder(src, func(root *os.Root) ([]string, error) { return fs.Glob(root.FS(), "*.go") })
	if err != nil {
		return goSources{}, err
	}
	out, sources, unclear := goSources{has: map[string]bool{}, module: ownModule}, 0, false
	for _, name := range names {
		if !isRootGoFile(name) {
			continue
		}
		sources++
		text, err := readAtMost(filepath.Join(src, name), maxParsed)
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
	case sources == 0:
		return out, &ActionError{Message: noBinary, Log: "The zip has no Go source at its root." + goBelow(src)}
	case !unclear && !out.has["main"] && !out.has[function]:
		return out, &ActionError{Message: noBinary, Log: fmt.Sprintf("The action has no function %s in package main.", function)}
	}
	return out, nil
}

func (s *goSources) read(file *ast.File) {
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

// goBelow names a folder of the zip that has Go source; it begins with a space,
// or is empty.
func goBelow(src string) string {
	names, _ := inFolder(src, func(root *os.Root) ([]string, error) { return fs.Glob(root.FS(), "*/*.go") })
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(" The folder %q has some: if that is the action, zip what is in the folder, not the folder itself.", filepath.Dir(names[0]))
}
