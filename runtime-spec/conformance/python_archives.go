package conformance

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

func pythonArchiveCases() []Case {
	return []Case{
		{ID: "python-zip", run: pythonZip,
			Behaviour: `a zip with __main__.py and a module of its own, main "niam"`},
		{ID: "python-zip-cwd", run: pythonZipCwd,
			Behaviour: `a zip's files are in the working directory`},
		{ID: "python-zip-no-main", run: pythonZipNoMain,
			Behaviour: `a zip without __main__.py → init 502, stderr "Zip file does not include", one sentinel each`},
		{ID: "python-virtualenv", run: virtualenv(""),
			Behaviour: `a zip with virtualenv/ imports from it`},
		{ID: "python-virtualenv-main", run: virtualenv("naim"),
			Behaviour: `the same with another main`},
		{ID: "python-virtualenv-broken", run: virtualenvBroken,
			Behaviour: `a virtualenv/ with nothing usable in it → init 502, "Invalid virtualenv. Zip file does not include"`},
		{ID: "python-virtualenv-broken-error", run: virtualenvBrokenError, Own: true,
			Behaviour: `"Invalid virtualenv" is in the error, too`},
		{ID: "python-compiled", run: pythonCompiled("main"),
			Behaviour: `a zip that was compiled by -compile: exec, exec__.py, main__.py, and a virtualenv/ whose interpreter is an absolute link, kept as one`},
		{ID: "python-compiled-main", run: pythonCompiled("naim"),
			Behaviour: `the same, compiled for another main, which counts`},
	}
}

func pythonZip(ctx context.Context, s *session) error {
	code := zipped(
		file{name: "__main__.py", body: "from echo import echo\n\ndef niam(args):\n    return echo(args)\n"},
		file{name: "echo.py", body: "def echo(args):\n    return {\"echo\": args}\n"})
	code.main = "niam"
	if err := s.init(ctx, code); err != nil {
		return err
	}
	a, err := s.run(ctx, `{"msg":"it works"}`)
	if err != nil {
		return err
	}
	if err := a.gives(`{"echo":{"msg":"it works"}}`); err != nil {
		return err
	}
	return s.logIs(a, "", "")
}

func pythonZipCwd(ctx context.Context, s *session) error {
	err := s.init(ctx, zipped(
		file{name: "__main__.py", body: "def main(args):\n    with open('workfile') as f:\n        return {'file': f.read()}\n"},
		file{name: "workfile", body: "this is a test string"}))
	if err != nil {
		return err
	}
	a, err := s.run(ctx, `{}`)
	if err != nil {
		return err
	}
	return a.gives(`{"file":"this is a test string"}`)
}

func pythonZipNoMain(ctx context.Context, s *session) error {
	code := zipped(file{name: "echo.py", body: "def echo(args):\n    return {\"echo\": args}\n"})
	code.main = "echo"
	a, err := s.failInit(ctx, code)
	if err != nil {
		return err
	}
	if err := a.refuses(http.StatusBadGateway); err != nil {
		return err
	}
	return s.stderrHas(a, errNoMainModule)
}

// activateThis is what a virtual environment brings to be activated from
// within a running interpreter: it adds the environment's modules.
const activateThis = `
import os, sys

base = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
version = "python%d.%d" % sys.version_info[:2]
sys.path.insert(0, os.path.join(base, "lib", version, "site-packages"))
sys.prefix = base
`

// virtualenvFiles is a virtual environment with the module plates, laid out
// for any version of Python that a runtime may have.
func virtualenvFiles() []file {
	files := []file{
		{name: "virtualenv/bin/activate_this.py", body: activateThis},
		{name: "virtualenv/pyvenv.cfg", body: "include-system-site-packages = false\n"},
	}
	for minor := 8; minor <= 15; minor++ {
		files = append(files, file{
			name: fmt.Sprintf("virtualenv/lib/python3.%d/site-packages/plates.py", minor),
			body: "number = \"XYZ 123\"\n",
		})
	}
	return files
}

const virtualenvMain = `
import plates

def main(args):
    return {"plate": plates.number}

def naim(args):
    return {"plate": plates.number, "main": "naim"}
`

func virtualenv(main string) func(context.Context, *session) error {
	want := `{"plate":"XYZ 123"}`
	if main != "" {
		want = `{"plate":"XYZ 123","main":"` + main + `"}`
	}
	return func(ctx context.Context, s *session) error {
		code := zipped(append(virtualenvFiles(), file{name: "__main__.py", body: virtualenvMain})...)
		code.main = main
		if err := s.init(ctx, code); err != nil {
			return err
		}
		a, err := s.run(ctx, `{}`)
		if err != nil {
			return err
		}
		return a.gives(want)
	}
}

func brokenVirtualenv() action {
	return zipped(
		file{name: "__main__.py", body: pythonCode.echo},
		file{name: "virtualenv/readme.md", body: "there is no environment here\n"})
}

func virtualenvBrokenError(ctx context.Context, s *session) error {
	a, err := s.failInit(ctx, brokenVirtualenv())
	if err != nil {
		return err
	}
	text, err := a.errorText()
	if err == nil && !strings.Contains(text, "Invalid virtualenv") {
		err = fmt.Errorf("expected %q in the error, got %v", "Invalid virtualenv", a)
	}
	return err
}

func virtualenvBroken(ctx context.Context, s *session) error {
	a, err := s.failInit(ctx, brokenVirtualenv())
	if err != nil {
		return err
	}
	if err := a.refuses(http.StatusBadGateway); err != nil {
		return err
	}
	return s.stderrHas(a, "Invalid virtualenv. Zip file does not include")
}
