package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

func pythonCases() []Case {
	return []Case{
		{ID: "python-exception", run: pythonException,
			Behaviour: `an exception in main → 200 with "error", the traceback on stderr; the next run works`},
		{ID: "python-syntax-error", run: pythonFailsInit("10 PRINT \"Hello!\"\n20 GOTO 10\n", ""),
			Behaviour: `a syntax error → init 502, one sentinel each`},
		{ID: "python-missing-import", run: pythonFailsInit("import iamnotsupported\n\ndef main(args):\n    return args\n", "iamnotsupported"),
			Behaviour: `an import of a module that is not there → init 502, the log names it`},
		{ID: "python-missing-main", run: pythonFailsInit("def other(args):\n    return args\n", "main"),
			Behaviour: `code without the function main → init 502`},
		{ID: "python-exit-in-main", run: pythonExitInMain,
			Behaviour: `sys.exit in main → run 400 "command exited", one sentinel each, nothing else in the log`},
		{ID: "python-exit-at-import", run: pythonExitAtImport,
			Behaviour: `sys.exit at import → init 502 "Cannot start action", stderr "Command exited abruptly during initialization."`},
		{ID: "python-print-at-import", run: pythonPrintAtImport,
			Behaviour: `what is printed at import shows up in the first activation's log, and only there`},
		{ID: "python-executable", run: pythonExecutable,
			Behaviour: `sys.executable is a python`},
	}
}

func pythonException(ctx context.Context, s *session) error {
	err := s.init(ctx, source(`
def main(args):
    return {"quotient": 5 / args["divisor"]}
`))
	if err != nil {
		return err
	}
	a, err := s.run(ctx, `{"divisor":0}`)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf(`expected 200 and an object with "error", got %v`, a)
	}
	if message, err := a.errorText(); err != nil {
		return err
	} else if !strings.Contains(message, "division by zero") {
		return fmt.Errorf(`expected the exception's text as "error", got %v`, a)
	}
	if err := s.stderrHas(a, "Traceback"); err != nil {
		return err
	}
	a, err = s.run(ctx, `{"divisor":2}`)
	if err != nil {
		return err
	}
	return a.gives(`{"quotient":2.5}`)
}

// pythonFailsInit expects init to fail, saying the text somewhere.
func pythonFailsInit(code, text string) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		a, err := s.failInit(ctx, source(code))
		if err != nil {
			return err
		}
		if text == "" || !s.visible() {
			return a.refuses(http.StatusBadGateway)
		}
		return a.refuses(http.StatusBadGateway, text)
	}
}

func pythonExitInMain(ctx context.Context, s *session) error {
	err := s.init(ctx, source(`
import sys

def main(args):
    sys.exit(1)
`))
	if err != nil {
		return err
	}
	a, err := s.run(ctx, `{}`)
	if err != nil {
		return err
	}
	if err := a.refuses(http.StatusBadRequest, errRunExited); err != nil {
		return err
	}
	return s.logIs(a, "", "")
}

func pythonExitAtImport(ctx context.Context, s *session) error {
	a, err := s.failInit(ctx, source(`
import sys
sys.exit(1)

def main(args):
    pass
`))
	if err != nil {
		return err
	}
	message, err := a.errorText()
	if err != nil {
		return err
	}
	if a.status != http.StatusBadGateway || !strings.Contains(message, "Cannot start action") {
		return fmt.Errorf(`expected 502 "Cannot start action…", got %v`, a)
	}
	return s.stderrHas(a, errAbruptly)
}

func pythonPrintAtImport(ctx context.Context, s *session) error {
	err := s.init(ctx, action{env: map[string]string{"X": "xyz"}, code: `
import os
print(os.getenv("X"))

def main(args):
    return {"body": "ok"}
`})
	if err != nil {
		return err
	}
	for _, log := range []string{"xyz\n", ""} {
		a, err := s.run(ctx, `{}`)
		if err != nil {
			return err
		}
		if err := a.gives(`{"body":"ok"}`); err != nil {
			return err
		}
		if err := s.logIs(a, log, ""); err != nil {
			return err
		}
	}
	return nil
}

func pythonExecutable(ctx context.Context, s *session) error {
	err := s.init(ctx, source(`
import sys

def main(args):
    return {"executable": sys.executable}
`))
	if err != nil {
		return err
	}
	a, err := s.run(ctx, `{}`)
	if err != nil {
		return err
	}
	var result struct{ Executable string }
	if err := json.Unmarshal(a.body, &result); err != nil || !strings.Contains(result.Executable, "python") {
		return fmt.Errorf("expected the path of a python, got %v", a)
	}
	return nil
}
