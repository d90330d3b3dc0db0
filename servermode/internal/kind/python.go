package kind

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
)

//go:embed launchers/python.py launchers/zygote*.py
var pythonLauncher embed.FS

// Python runs a source file or a zip with __main__.py.
type Python struct {
	UV           string // absolute path of uv, which installs requirements; empty: pip does
	HostPackages bool   // what the host's Python has satisfies requirements; pip installs the others

	interpreter string // absolute
	launcher    string
	pythonFacts
}

// pythonFacts is what an interpreter says of itself.
type pythonFacts struct {
	version    string   // "3.11"
	full       string   // "3.11.2"
	nested     bool     // it is a virtual environment
	packages   []string // its site-packages
	foreignPip bool     // its pip can install into other environments
}

// NewPython uses the first of candidates that runs as uid (-1: as the server's
// own), and puts the launcher into dir.
func NewPython(candidates []string, dir string, uid int) (*Python, error) {
	p := &Python{launcher: filepath.Join(dir, "python.py")}
	path, facts, err := firstUsable(candidates, func(path string) (facts pythonFacts, err error) { return askPython(path, uid) })
	if err != nil {
		return nil, fmt.Errorf("no Python that a function could run: %w", err)
	}
	p.interpreter, p.pythonFacts = path, facts
	return p, writeLaunchers(pythonLauncher, dir)
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

func askPython(path string, uid int) (facts pythonFacts, err error) {
	out, err := try(uid, path, "-c", question)
	if err != nil {
		return facts, err
	}
	var answer struct {
		Version  [3]int   `json:"version"`
		Nested   bool     `json:"nested"`
		Packages []string `json:"packages"`
		Pip      []int    `json:"pip"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return facts, fmt.Errorf("is no Python: %.60q", out)
	}
	if answer.Version[0] != 3 {
		return facts, fmt.Errorf("is Python %d", answer.Version[0])
	}
	return pythonFacts{
		version: fmt.Sprintf("%d.%d", answer.Version[0], answer.Version[1]),
		full:    fmt.Sprintf("%d.%d.%d", answer.Version[0], answer.Version[1], answer.Version[2]),
		nested:  answer.Nested, packages: answer.Packages,
		foreignPip: slices.Compare(answer.Pip, []int{22, 3}) >= 0,
	}, nil
}

// Name is "python:3".
func (p *Python) Name() string { return "python:3" }

// Describe tells the owner which interpreter serves the kind.
func (p *Python) Describe() string { return p.interpreter + " (" + p.version + ")" }

// Env is what the environment of all its functions has.
func (p *Python) Env() []string { return []string{"PYTHONIOENCODING=utf-8", "__OW_WAIT_FOR_ACK=1"} }

// Launcher is the path of the program that loads a function.
func (p *Python) Launcher() string { return p.launcher }

// Path is the interpreter's, absolute.
func (p *Python) Path() string { return p.interpreter }

// Match takes python, python:3 and the host's own version.
func (p *Python) Match(requested string) (bool, error) {
	name, version, _ := strings.Cut(strings.TrimSuffix(requested, gpuSuffix), ":")
	if name != "python" {
		return false, nil
	}
	switch version {
	case "", "3", "default", p.version:
		return true, nil
	}
	return false, fmt.Errorf("%w: %.60q; this server has Python %s", ErrUnsupported, requested, p.version)
}

// Sniff takes a zip with __main__.py, or one that the platform has compiled, and
// text that defines a function.
func (p *Python) Sniff(code Code) bool {
	if artifact.IsZip(code) {
		names := artifact.Names(code)
		return slices.Contains(names, pythonMain) || slices.Contains(names, compiledMain) && slices.Contains(names, compiledLauncher)
	}
	return !code.isELF() && !code.isScript() && utf8.Valid(code) && pythonSource.Match(code)
}

// Prepare puts the code where dir/__main__.py is what gets imported, and
// installs what it requires.
func (p *Python) Prepare(ctx context.Context, site Site, code Code, main string) (Command, error) {
	if err := site.layOut(code, pythonMain, 0o644); err != nil {
		return Command{}, err
	}
	main, err := findPython(site.Dir, main)
	if err != nil {
		return Command{}, err
	}
	if err := checkVirtualenv(site.Dir); err != nil {
		return Command{}, err
	}
	noteUnused(site)
	command := Command{
		Path: p.interpreter,
		// -B: the folder may be shared by processes, and is gone with the function.
		Args:       []string{"-B", p.launcher, site.Dir, main},
		Env:        p.Env(),
		Dir:        site.Dir,
		WaitForAck: true,
		Shielded:   true,
		Fork:       &Fork{Folder: site.Dir, Main: main},
	}
	environment, err := p.environment(ctx, site)
	if environment != nil {
		bin := filepath.Join(environment.Dir, "bin")
		command.Fork.Venv, command.Fork.Apart = environment.Dir, !p.HostPackages
		command.Path, command.Group, command.Close = filepath.Join(bin, "python"), environment.Group, environment.Release
		command.Env = append(command.Env, "VIRTUAL_ENV="+environment.Dir, "PATH="+bin+":"+os.Getenv("PATH"))
	}
	return command, err
}

// StartError passes on the cause that the launcher sent in the ack's place.
func (p *Python) StartError(err error, ack string) *ActionError { return launcherError(err, ack) }

// launcherError is the StartError of kinds that have a launcher of ours.
func launcherError(err error, ack string) *ActionError {
	var sent struct {
		Error string `json:"error"`
	}
	if ack != "" && json.Unmarshal([]byte(ack), &sent) == nil && sent.Error != "" {
		return &ActionError{Message: cannotStart + " Cause: " + sent.Error}
	}
	return &ActionError{
		Message: cannotStart + " Cause: " + err.Error() + " during initialization.",
		Log:     "Command exited abruptly during initialization.",
	}
}
