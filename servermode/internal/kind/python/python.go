// Package python runs Python functions with the host's interpreter and a launcher of
// ours. An action is a source file or a zip with __main__.py. Its requirements.txt
// is installed by uv or pip in a build, unless it brings a virtual environment. The
// launcher is executed, or forked from a parent (launchers/zygote.py; see package
// zygote).
package python

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/tool"
)

//go:embed launchers/python.py launchers/zygote*.py
var launchers embed.FS

// Kind runs a source file or a zip with __main__.py.
type Kind struct {
	UV           string // absolute path of uv, which installs requirements; empty: pip does
	HostPackages bool   // what the host's Python has satisfies requirements; pip installs the others

	interpreter string // absolute
	launcher    string
	facts
}

// facts is what an interpreter reports of itself.
type facts struct {
	version    string   // "3.11"
	full       string   // "3.11.2"
	nested     bool     // it is a virtual environment
	packages   []string // its site-packages
	foreignPip bool     // its pip can install into other environments
}

// New uses the first of candidates that runs as uid (-1: as the server's own user),
// and puts the launcher into dir.
func New(candidates []string, dir string, uid int) (*Kind, error) {
	p := &Kind{launcher: filepath.Join(dir, "python.py")}
	path, facts, err := tool.FirstUsable(candidates, func(path string) (found facts, err error) { return ask(path, uid) })
	if err != nil {
		return nil, fmt.Errorf("no Python that a function could run: %w", err)
	}
	p.interpreter, p.facts = path, facts
	return p, kind.WriteLaunchers(launchers, dir)
}

// question imports what the launcher needs: a minimal Python lacks some of it.
const question = `
import sys, json, traceback, importlib.util, site
try:
    import pip
    pip = [int(n) for n in pip.__version__.split(".")[:2]]
except Exception:
    pip = []
print(json.dumps({"version": list(sys.version_info[:3]), "nested": sys.prefix != sys.base_prefix,
                  "packages": site.getsitepackages(), "pip": pip}))`

func ask(path string, uid int) (found facts, err error) {
	out, err := tool.Try(uid, path, "-c", question)
	if err != nil {
		return found, err
	}
	var answer struct {
		Version  [3]int   `json:"version"`
		Nested   bool     `json:"nested"`
		Packages []string `json:"packages"`
		Pip      []int    `json:"pip"`
	}
	if err := jsontext.Unmarshal(out, &answer); err != nil {
		return found, fmt.Errorf("is no Python: %.60q", out)
	}
	if answer.Version[0] != 3 {
		return found, fmt.Errorf("is Python %d", answer.Version[0])
	}
	return facts{
		version: fmt.Sprintf("%d.%d", answer.Version[0], answer.Version[1]),
		full:    fmt.Sprintf("%d.%d.%d", answer.Version[0], answer.Version[1], answer.Version[2]),
		nested:  answer.Nested, packages: answer.Packages,
		foreignPip: slices.Compare(answer.Pip, []int{22, 3}) >= 0,
	}, nil
}

// Name is "python:3".
func (p *Kind) Name() string { return "python:3" }

// Describe tells the owner which interpreter serves the kind.
func (p *Kind) Describe() string { return p.interpreter + " (" + p.version + ")" }

// Env returns what the environment of all its functions has.
func (p *Kind) Env() []string { return []string{"PYTHONIOENCODING=utf-8", "__OW_WAIT_FOR_ACK=1"} }

// Launcher returns the path of the program that runs a function.
func (p *Kind) Launcher() string { return p.launcher }

// Path returns the interpreter's path, absolute.
func (p *Kind) Path() string { return p.interpreter }

// Match accepts python, python:3 and the host's own version.
func (p *Kind) Match(requested string) (bool, error) {
	return kind.Match(requested, "python", "Python "+p.version, "3", p.version)
}

// Sniff accepts a zip with __main__.py, a zip that the platform has compiled, and
// text that defines a function.
func (p *Kind) Sniff(code kind.Code) bool {
	if artifact.IsZip(code) {
		names := artifact.Names(code)
		return slices.Contains(names, pythonMain) || slices.Contains(names, compiledMain) && slices.Contains(names, compiledLauncher)
	}
	return !code.IsELF() && !code.IsScript() && utf8.Valid(code) && source.Match(code)
}

var source = regexp.MustCompile(`(?ms)^(async )?def \w+\(.*?\)[^\n]*:`)

// Prepare puts the code where dir/__main__.py is the module to import, and installs
// what it requires.
func (p *Kind) Prepare(ctx context.Context, site kind.Site, code kind.Code, main string) (kind.Command, error) {
	if err := site.LayOut(code, pythonMain, 0o644); err != nil {
		return kind.Command{}, err
	}
	main, err := findMain(site.Dir, main)
	if err != nil {
		return kind.Command{}, err
	}
	if err := checkVirtualenv(site.Dir); err != nil {
		return kind.Command{}, err
	}
	noteUnused(site)
	command := kind.Command{
		Path: p.interpreter,
		// -B: the folder may be shared by processes, and is gone with the function.
		Args:       []string{"-B", p.launcher, site.Dir, main},
		Env:        p.Env(),
		Dir:        site.Dir,
		WaitForAck: true,
		Shielded:   true,
		Fork:       &kind.Fork{Folder: site.Dir, Main: main},
	}
	environment, err := p.Environment(ctx, site)
	if environment != nil {
		bin := filepath.Join(environment.Dir, "bin")
		command.Fork.Venv, command.Fork.Apart = environment.Dir, !p.HostPackages
		command.Path, command.Group, command.Close = filepath.Join(bin, "python"), environment.Group, environment.Release
		command.Env = append(command.Env, "VIRTUAL_ENV="+environment.Dir, "PATH="+bin+":"+os.Getenv("PATH"))
	}
	return command, err
}

// StartError passes on the cause that the launcher sent in place of its ack.
func (p *Kind) StartError(err error, ack string) *kind.ActionError {
	return kind.LauncherError(err, ack)
}

// On returns the interpreter and the launcher.
func (p *Kind) On() []string { return []string{p.interpreter, p.launcher} }

// Needs returns the folders that the kind's processes read beside the function's
// own. A server that hides folders from them keeps these visible.
func (p *Kind) Needs() []string {
	return append(tool.Around(p.interpreter), p.packages...)
}
