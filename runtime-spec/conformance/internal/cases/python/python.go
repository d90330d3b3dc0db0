// Package python has the cases for Python. They check results, imports,
// archives with virtual environments, and processes.
package python

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// Cases returns the cases in the order of the README.
func Cases() []session.Spec {
	return slices.Concat(basicCases(), processCases(), archiveCases())
}

func basicCases() []session.Spec {
	return []session.Spec{
		{ID: "python-exception", Run: exception,
			Behaviour: `an exception in main → 200 with "error", the traceback on stderr; the next run works`},
		{ID: "python-syntax-error", Run: failsInit("10 PRINT \"Hello!\"\n20 GOTO 10\n", ""),
			Behaviour: `a syntax error → init 502, one sentinel each`},
		{ID: "python-missing-import", Run: failsInit("import iamnotsupported\n\ndef main(args):\n    return args\n", "iamnotsupported"),
			Behaviour: `an import of a module that is not there → init 502, the log names it`},
		{ID: "python-missing-main", Run: failsInit("def other(args):\n    return args\n", "main"),
			Behaviour: `code without the function main → init 502`},
		{ID: "python-exit-in-main", Run: exitInMain,
			Behaviour: `sys.exit in main → run 400 "command exited", one sentinel each, nothing else in the log`},
		{ID: "python-exit-at-import", Run: exitAtImport,
			Behaviour: `sys.exit at import → init 502 "Cannot start action", stderr "Command exited abruptly during initialization."`},
		{ID: "python-print-at-import", Run: printAtImport,
			Behaviour: `what the import prints is in the first activation's log, and only there`},
		{ID: "python-executable", Run: executable,
			Behaviour: `sys.executable is a Python interpreter`},
	}
}

func exception(ctx context.Context, s *session.Session) error {
	a, err := s.InitRun(ctx, session.Source(`
def main(args):
    return {"quotient": 5 / args["divisor"]}
`), `{"divisor":0}`)
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK {
		return fmt.Errorf(`expected 200 and an object with "error", got %v`, a)
	}
	if message, err := a.ErrorText(); err != nil {
		return err
	} else if !strings.Contains(message, "division by zero") {
		return fmt.Errorf(`expected the exception's text as "error", got %v`, a)
	}
	if err := s.StderrHas(a, "Traceback"); err != nil {
		return err
	}
	if a, err = s.Run(ctx, `{"divisor":2}`); err != nil {
		return err
	}
	return a.Gives(`{"quotient":2.5}`)
}

// failsInit expects the init to fail, with the text in its error or log.
func failsInit(code, text string) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		if !s.Visible() {
			text = ""
		}
		return s.RefusesInit(ctx, session.Source(code), http.StatusBadGateway, text)
	}
}

func exitInMain(ctx context.Context, s *session.Session) error {
	a, err := s.InitRun(ctx, session.Source(`
import sys

def main(args):
    sys.exit(1)
`), `{}`)
	if err != nil {
		return err
	}
	if err := a.Refuses(http.StatusBadRequest, session.ErrRunExited); err != nil {
		return err
	}
	return s.LogIs(a, "", "")
}

func exitAtImport(ctx context.Context, s *session.Session) error {
	a, err := s.FailInit(ctx, session.Source(`
import sys
sys.exit(1)

def main(args):
    pass
`))
	if err != nil {
		return err
	}
	message, err := a.ErrorText()
	if err != nil {
		return err
	}
	if a.Status != http.StatusBadGateway || !strings.Contains(message, "Cannot start action") {
		return fmt.Errorf(`expected 502 "Cannot start action…", got %v`, a)
	}
	return s.StderrHas(a, session.ErrAbruptly)
}

func printAtImport(ctx context.Context, s *session.Session) error {
	err := s.Init(ctx, session.Action{Env: map[string]string{"X": "xyz"}, Code: `
import os
print(os.getenv("X"))

def main(args):
    return {"body": "ok"}
`})
	if err != nil {
		return err
	}
	for _, log := range []string{"xyz\n", ""} {
		if err := s.Answers(ctx, `{}`, `{"body":"ok"}`, log, ""); err != nil {
			return err
		}
	}
	return nil
}

func executable(ctx context.Context, s *session.Session) error {
	a, err := s.InitRun(ctx, session.Source(`
import sys

def main(args):
    return {"executable": sys.executable}
`), `{}`)
	if err != nil {
		return err
	}
	var result struct{ Executable string }
	if err := json.Unmarshal(a.Body, &result); err != nil || !strings.Contains(result.Executable, "python") {
		return fmt.Errorf("expected the path of a python, got %v", a)
	}
	return nil
}
