package python

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/archive"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/code"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

func archiveCases() []session.Spec {
	return []session.Spec{
		{ID: "python-zip", Run: zip,
			Behaviour: `a zip with __main__.py and a module of its own, main "niam"`},
		{ID: "python-zip-cwd", Run: zipCwd,
			Behaviour: `a zip's files are in the working directory`},
		{ID: "python-zip-no-main", Run: zipNoMain,
			Behaviour: `a zip without __main__.py → init 502, stderr "Zip file does not include", one sentinel each`},
		{ID: "python-virtualenv", Run: virtualenv(""),
			Behaviour: `a zip with virtualenv/ imports from it`},
		{ID: "python-virtualenv-main", Run: virtualenv("naim"),
			Behaviour: `the same with another main`},
		{ID: "python-virtualenv-broken", Run: virtualenvBroken,
			Behaviour: `a virtualenv/ with nothing usable in it → init 502, "Invalid virtualenv. Zip file does not include"`},
		{ID: "python-virtualenv-broken-error", Run: virtualenvBrokenError, Own: true,
			Behaviour: `"Invalid virtualenv" is in the error, too`},
		{ID: "python-compiled", Run: compiled("main"),
			Behaviour: `a zip that -compile has made: exec, exec__.py, main__.py, and a virtualenv/ whose interpreter is an absolute link; the link stays absolute`},
		{ID: "python-compiled-main", Run: compiled("naim"),
			Behaviour: `the same, compiled for another main, which is the one that runs`},
	}
}

func zip(ctx context.Context, s *session.Session) error {
	code := archive.Zip(
		archive.File{Name: "__main__.py", Body: "from echo import echo\n\ndef niam(args):\n    return echo(args)\n"},
		archive.File{Name: "echo.py", Body: "def echo(args):\n    return {\"echo\": args}\n"})
	code.Main = "niam"
	return s.InitAnswers(ctx, code, `{"msg":"it works"}`, `{"echo":{"msg":"it works"}}`, "", "")
}

func zipCwd(ctx context.Context, s *session.Session) error {
	code := archive.Zip(
		archive.File{Name: "__main__.py", Body: "def main(args):\n    with open('workfile') as f:\n        return {'file': f.read()}\n"},
		archive.File{Name: "workfile", Body: "this is a test string"})
	return s.InitGives(ctx, code, `{}`, `{"file":"this is a test string"}`)
}

func zipNoMain(ctx context.Context, s *session.Session) error {
	code := archive.Zip(archive.File{Name: "echo.py", Body: "def echo(args):\n    return {\"echo\": args}\n"})
	code.Main = "echo"
	a, err := s.RefusedInit(ctx, code, http.StatusBadGateway)
	if err != nil {
		return err
	}
	return s.StderrHas(a, session.ErrNoMainModule)
}

// activateThis is the file with which a running interpreter enters a virtual
// environment: it adds the environment's modules.
const activateThis = `
import os, sys

base = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
version = "python%d.%d" % sys.version_info[:2]
sys.path.insert(0, os.path.join(base, "lib", version, "site-packages"))
sys.prefix = base
`

// virtualenvFiles returns a virtual environment with the module plates, laid
// out for any version of Python that a runtime may have.
func virtualenvFiles() []archive.File {
	files := []archive.File{
		{Name: "virtualenv/bin/activate_this.py", Body: activateThis},
		{Name: "virtualenv/pyvenv.cfg", Body: "include-system-site-packages = false\n"},
	}
	for minor := 8; minor <= 15; minor++ {
		files = append(files, archive.File{
			Name: fmt.Sprintf("virtualenv/lib/python3.%d/site-packages/plates.py", minor),
			Body: "number = \"XYZ 123\"\n",
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

func virtualenv(main string) func(context.Context, *session.Session) error {
	want := `{"plate":"XYZ 123"}`
	if main != "" {
		want = `{"plate":"XYZ 123","main":"` + main + `"}`
	}
	return func(ctx context.Context, s *session.Session) error {
		code := archive.Zip(append(virtualenvFiles(), archive.File{Name: "__main__.py", Body: virtualenvMain})...)
		code.Main = main
		return s.InitGives(ctx, code, `{}`, want)
	}
}

func brokenVirtualenv() session.Action {
	return archive.Zip(
		archive.File{Name: "__main__.py", Body: code.PythonCode.Echo},
		archive.File{Name: "virtualenv/readme.md", Body: "there is no environment here\n"})
}

func virtualenvBrokenError(ctx context.Context, s *session.Session) error {
	a, err := s.FailInit(ctx, brokenVirtualenv())
	if err != nil {
		return err
	}
	text, err := a.ErrorText()
	if err == nil && !strings.Contains(text, "Invalid virtualenv") {
		err = fmt.Errorf("expected %q in the error, got %v", "Invalid virtualenv", a)
	}
	return err
}

func virtualenvBroken(ctx context.Context, s *session.Session) error {
	a, err := s.RefusedInit(ctx, brokenVirtualenv(), http.StatusBadGateway)
	if err != nil {
		return err
	}
	return s.StderrHas(a, "Invalid virtualenv. Zip file does not include")
}
