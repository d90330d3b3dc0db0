package native

import (
	"context"
	"net/http"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/archive"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/code"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// Go returns the cases for Go.
func Go() []session.Spec {
	return []session.Spec{
		{ID: "go-zip", Run: echoes(archive.Zip(goFiles()...)),
			Behaviour: `a zip of sources: main, a package of its own, go.mod`},
		{ID: "go-zip-without-module", Run: echoes(archive.Zip(goExec()...)),
			Behaviour: `the same without go.mod, which imports its package as exec/…`},
		{ID: "go-vendored", Run: echoes(archive.Zip(goVendored()...)),
			Behaviour: `a zip of sources with a dependency under vendor/`},
		{ID: "go-compiled", Run: echoingELF(""),
			Behaviour: `a compiled program is run as it is`},
		{ID: "go-script", Run: echoes(session.Source(code.NativeCode.Echo)),
			Behaviour: `a script is run as it is`},
		{ID: "go-error", Run: goError,
			Behaviour: `an error that the function returns → 200 with "error"; the next run works`},
		{ID: "go-panic", Run: goPanic, Own: true,
			Behaviour: `a panic → 200 with "error", the stack on stderr; the next run works`},
		{ID: "go-compile-error", Run: goFails("package main\n\nfunc Main(args map[string]any) map[string]any { return missing }\n", "undefined: missing"),
			Behaviour: `code that does not compile → init 502, the compiler's words in the log`},
		{ID: "go-missing-main", Run: goFails("package main\n\nfunc Other(args map[string]any) map[string]any { return args }\n", "Main"),
			Behaviour: `code without the function → init 502, the log names it`},
		{ID: "go-early-exit", Run: goEarlyExit,
			Behaviour: `a program that exits before its first run → init 502, one sentinel each`},
	}
}

func goFiles() []archive.File {
	return []archive.File{
		{Name: "main.go", Body: "package main\n\nimport \"action/inner\"\n\nfunc Main(args map[string]any) map[string]any { return inner.Same(args) }\n"},
		{Name: "inner/inner.go", Body: "package inner\n\nfunc Same(args map[string]any) map[string]any { return args }\n"},
		{Name: "go.mod", Body: "module action\n\ngo 1.21\n"},
	}
}

func goExec() []archive.File {
	return []archive.File{
		{Name: "exec.go", Body: "package main\n\nimport \"exec/hello\"\n\nfunc Main(args map[string]any) map[string]any { return hello.Same(args) }\n"},
		{Name: "hello/hello.go", Body: "package hello\n\nfunc Same(args map[string]any) map[string]any { return args }\n"},
	}
}

func goVendored() []archive.File {
	return []archive.File{
		{Name: "main.go", Body: "package main\n\nimport \"example.org/same\"\n\nfunc Main(args map[string]any) map[string]any { return same.As(args) }\n"},
		{Name: "go.mod", Body: "module action\n\ngo 1.21\n\nrequire example.org/same v1.0.0\n"},
		{Name: "vendor/modules.txt", Body: "# example.org/same v1.0.0\n## explicit; go 1.21\nexample.org/same\n"},
		{Name: "vendor/example.org/same/same.go", Body: "package same\n\nfunc As(args map[string]any) map[string]any { return args }\n"},
	}
}

const goMoody = `package main

import "errors"

func Main(args map[string]any) (map[string]any, error) {
	switch args["mood"] {
	case "error":
		return nil, errors.New("sorry")
	case "panic":
		panic("help")
	}
	return args, nil
}
`

func goError(ctx context.Context, s *session.Session) error {
	if err := s.InitGives(ctx, session.Source(goMoody), `{"mood":"error"}`, `{"error":"sorry"}`); err != nil {
		return err
	}
	return s.StillEchoes(ctx, `{"mood":"fine"}`)
}

func goPanic(ctx context.Context, s *session.Session) error {
	a, err := s.InitRun(ctx, session.Source(goMoody), `{"mood":"panic"}`)
	if err == nil {
		err = a.Gives(`{"error":"panic: help"}`)
	}
	if err == nil {
		err = s.StderrHas(a, "goroutine")
	}
	if err != nil {
		return err
	}
	return s.StillEchoes(ctx, `{"mood":"fine"}`)
}

func goFails(code, words string) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		a, err := s.RefusedInit(ctx, session.Source(code), http.StatusBadGateway)
		if err != nil {
			return err
		}
		return s.LogHas(a, words)
	}
}

func goEarlyExit(ctx context.Context, s *session.Session) error {
	return s.RefusesInit(ctx, session.Source("package main\n\nimport \"os\"\n\nfunc main() { os.Exit(1) }\n"), http.StatusBadGateway)
}
