package kind

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
)

var goName = regexp.MustCompile(`^[A-Z]\w*$`)

// compile makes the job's exec. The compiler runs nothing of the action's, so
// that all tenants can share its cache: no cgo, no generators, no network.
func (g *Go) compile(ctx context.Context, j *build.Job, code Code, function string) error {
	src := filepath.Join(j.Scratch, "action")
	if err := os.Mkdir(src, 0o755); err != nil {
		return err
	}
	if err := layOut(src, code, "action.go", 0o644); err != nil {
		return err
	}
	whole, err := goProgram(src, function)
	if err != nil {
		return err
	}
	if err := g.complete(src, whole, function); err != nil {
		return err
	}
	if whole {
		if err := os.WriteFile(filepath.Join(j.Dir, "whole"), nil, 0o644); err != nil {
			return err
		}
	}
	if err := j.Own(src, j.Dir); err != nil {
		return err
	}
	err = j.Run(ctx, build.Command{
		Path: g.path, Dir: src,
		Args: []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", filepath.Join(j.Dir, "exec"), "."},
		Env: []string{
			"GOCACHE=" + j.Cache, "GOPATH=" + filepath.Join(j.Scratch, "go"), "GOENV=off", "GOWORK=off", "GOFLAGS=",
			"GOPROXY=off", "GOTOOLCHAIN=local", "GOTELEMETRY=off", "CGO_ENABLED=0", "GO111MODULE=on",
		},
	})
	var failed *build.ExitError
	if errors.As(err, &failed) && !isDir(filepath.Join(src, "vendor")) {
		j.Print("Go actions can use the standard library and what their zip has under vendor/ (go mod vendor).")
	}
	return err
}

// complete adds what an action's sources lack to be a program.
func (g *Go) complete(src string, whole bool, function string) error {
	if !isFile(filepath.Join(src, "go.mod")) {
		text := fmt.Sprintf("module action\n\ngo %s\n", g.version)
		if err := os.WriteFile(filepath.Join(src, "go.mod"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if whole {
		return nil
	}
	return os.WriteFile(filepath.Join(src, "whiskaway_launcher.go"), []byte(strings.ReplaceAll(goLauncher, "ACTION", function)), 0o644)
}

// maxParsed is how large a file may be that is looked into; whether a larger one
// has the function is left to the compiler.
const maxParsed = 1 << 20

// goProgram reports whether the sources have a main of their own, and then
// speak ActionLoop themselves; otherwise they must have the function. What does
// not parse is left to the compiler, who says it better.
func goProgram(src, function string) (whole bool, err error) {
	names, err := filepath.Glob(filepath.Join(src, "*.go"))
	if err != nil {
		return false, err
	}
	sources, has, unclear := 0, map[string]bool{}, false
	for _, name := range names {
		if !isRootGoFile(filepath.Base(name)) {
			continue
		}
		sources++
		text, err := readAtMost(name, maxParsed)
		if err != nil {
			unclear = true
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		unclear = unclear || err != nil
		if file == nil {
			continue
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				has[f.Name.Name] = true
			}
		}
	}
	switch {
	case sources == 0:
		return false, &ActionError{Message: noBinary, Log: "The zip has no Go source at its root."}
	case !unclear && !has["main"] && !has[function]:
		return false, &ActionError{Message: noBinary, Log: fmt.Sprintf("The action has no function %s in package main.", function)}
	}
	return has["main"], nil
}
