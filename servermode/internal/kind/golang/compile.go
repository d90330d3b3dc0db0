package golang

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/folder"
)

// compile makes the job's exec. The compiler runs nothing of the action's, so that
// all functions of a tenant can share its cache: no cgo, no generators, no network.
func (g *Kind) compile(ctx context.Context, j *build.Job, code kind.Code, limits artifact.Limits, function string) error {
	src := filepath.Join(j.Scratch, "action")
	if err := os.Mkdir(src, 0o755); err != nil {
		return err
	}
	if err := kind.LayOut(src, code, limits, "action.go", 0o644); err != nil {
		return err
	}
	program, err := readSources(src, function)
	if err != nil {
		return err
	}
	whole := program.has["main"]
	if err := g.complete(src, program, function); err != nil {
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
	if _, ok := errors.AsType[*build.ExitError](err); ok && !folder.HasFolder(src, "vendor") {
		j.Print("Go actions can use the standard library and what their zip has under vendor/ (go mod vendor).")
	}
	return err
}

// complete adds what an action's sources lack to be a program.
func (g *Kind) complete(src string, program sources, function string) error {
	if !folder.HasFile(src, "go.mod") {
		text := fmt.Sprintf("module %s\n\ngo %s\n", program.module, g.version)
		if err := folder.Write(src, "go.mod", []byte(text), 0o644); err != nil {
			return err
		}
	}
	if program.has["main"] {
		return nil
	}
	return folder.Write(src, "whiskaway_launcher.go", []byte(strings.ReplaceAll(launcher, "ACTION", function)), 0o644)
}
