package conformance

import (
	"context"
	"net/http"
)

func goCases() []Case {
	return []Case{
		{ID: "go-zip", run: goEchoes(zipped(goFiles()...)),
			Behaviour: `a zip of sources: main, a package of its own, go.mod`},
		{ID: "go-zip-without-module", run: goEchoes(zipped(goExec()...)),
			Behaviour: `the same without go.mod, which imports its package as exec/…`},
		{ID: "go-vendored", run: goEchoes(zipped(goVendored()...)),
			Behaviour: `a zip of sources with a dependency under vendor/`},
		{ID: "go-compiled", run: nativeELF(""),
			Behaviour: `a compiled program is run as it is`},
		{ID: "go-script", run: nativeEchoes(source(nativeCode.echo)),
			Behaviour: `so is a script`},
		{ID: "go-error", run: goError,
			Behaviour: `an error that the function returns → 200 with "error"; the next run works`},
		{ID: "go-panic", run: goPanic, Own: true,
			Behaviour: `a panic → 200 with "error", the stack on stderr; the next run works`},
		{ID: "go-compile-error", run: goFails("package main\n\nfunc Main(args map[string]any) map[string]any { return missing }\n", "undefined: missing"),
			Behaviour: `code that does not compile → init 502, the compiler's words in the log`},
		{ID: "go-missing-main", run: goFails("package main\n\nfunc Other(args map[string]any) map[string]any { return args }\n", "Main"),
			Behaviour: `code without the function → init 502, the log names it`},
		{ID: "go-early-exit", run: goEarlyExit,
			Behaviour: `a program that exits before its first run → init 502, one sentinel each`},
	}
}

func goEchoes(code action) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		if err := s.init(ctx, code); err != nil {
			return err
		}
		return s.echoes(ctx, `{"name":"Mike"}`)
	}
}

func goFiles() []file {
	return []file{
		{name: "main.go", body: "package main\n\nimport \"action/inner\"\n\nfunc Main(args map[string]any) map[string]any { return inner.Same(args) }\n"},
		{name: "inner/inner.go", body: "package inner\n\nfunc Same(args map[string]any) map[string]any { return args }\n"},
		{name: "go.mod", body: "module action\n\ngo 1.21\n"},
	}
}

func goExec() []file {
	return []file{
		{name: "exec.go", body: "package main\n\nimport \"exec/hello\"\n\nfunc Main(args map[string]any) map[string]any { return hello.Same(args) }\n"},
		{name: "hello/hello.go", body: "package hello\n\nfunc Same(args map[string]any) map[string]any { return args }\n"},
	}
}

func goVendored() []file {
	return []file{
		{name: "main.go", body: "package main\n\nimport \"example.org/same\"\n\nfunc Main(args map[string]any) map[string]any { return same.As(args) }\n"},
		{name: "go.mod", body: "module action\n\ngo 1.21\n\nrequire example.org/same v1.0.0\n"},
		{name: "vendor/modules.txt", body: "# example.org/same v1.0.0\n## explicit; go 1.21\nexample.org/same\n"},
		{name: "vendor/example.org/same/same.go", body: "package same\n\nfunc As(args map[string]any) map[string]any { return args }\n"},
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

func goError(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(goMoody)); err != nil {
		return err
	}
	a, err := s.run(ctx, `{"mood":"error"}`)
	if err == nil {
		err = a.gives(`{"error":"sorry"}`)
	}
	if err != nil {
		return err
	}
	return s.stillEchoes(ctx, `{"mood":"fine"}`)
}

func goPanic(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(goMoody)); err != nil {
		return err
	}
	a, err := s.run(ctx, `{"mood":"panic"}`)
	if err == nil {
		err = a.gives(`{"error":"panic: help"}`)
	}
	if err == nil {
		err = s.stderrHas(a, "goroutine")
	}
	if err != nil {
		return err
	}
	return s.stillEchoes(ctx, `{"mood":"fine"}`)
}

func goFails(code, words string) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		a, err := s.failInit(ctx, source(code))
		if err == nil {
			err = a.refuses(http.StatusBadGateway)
		}
		if err != nil {
			return err
		}
		return s.logHas(a, words)
	}
}

func goEarlyExit(ctx context.Context, s *session) error {
	a, err := s.failInit(ctx, source("package main\n\nimport \"os\"\n\nfunc main() { os.Exit(1) }\n"))
	if err != nil {
		return err
	}
	return a.refuses(http.StatusBadGateway)
}
