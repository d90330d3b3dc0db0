package kind

import (
	"context"
	_ "embed" // the launcher
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
)

//go:embed launchers/python.py
var pythonLauncher []byte

// Python runs a source file or a zip with __main__.py.
type Python struct {
	interpreter string // absolute
	version     string // "3.11"
	launcher    string
}

// NewPython uses the first of candidates that runs as uid (-1: as the server's
// own), and puts the launcher into dir.
func NewPython(candidates []string, dir string, uid int) (*Python, error) {
	p := &Python{launcher: filepath.Join(dir, "python.py")}
	var failed []string
	for _, candidate := range candidates {
		version, err := p.probe(candidate, uid)
		if err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", candidate, err))
			continue
		}
		p.version = version
		return p, errors.Join(os.WriteFile(p.launcher, pythonLauncher, 0o644), os.Chmod(p.launcher, 0o644))
	}
	return nil, fmt.Errorf("no Python that a function could run: %s", strings.Join(failed, "; "))
}

// probe runs an interpreter as functions will: a root's own Python may be in a
// folder that no other user can enter.
func (p *Python) probe(candidate string, uid int) (version string, err error) {
	path, err := exec.LookPath(candidate)
	if err != nil {
		return "", err
	}
	if p.interpreter, err = filepath.Abs(path); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.interpreter, "-c", "import sys,json,traceback,importlib.util; print('%d.%d' % sys.version_info[:2])")
	cmd.Env, cmd.Dir = []string{"PATH=" + os.Getenv("PATH")}, "/"
	if uid >= 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	out, err := cmd.Output()
	if err != nil {
		return "", err
	}
	if version = strings.TrimSpace(string(out)); !strings.HasPrefix(version, "3.") {
		return "", fmt.Errorf("is Python %s", version)
	}
	return version, nil
}

// Name is "python:3".
func (p *Python) Name() string { return "python:3" }

// Describe tells the owner which interpreter serves the kind.
func (p *Python) Describe() string { return p.interpreter + " (" + p.version + ")" }

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

// Sniff takes a zip with __main__.py and text that defines a function.
func (p *Python) Sniff(code Code) bool {
	if artifact.IsZip(code) {
		return slices.Contains(artifact.Names(code), "__main__.py")
	}
	return !code.isELF() && !code.isScript() && utf8.Valid(code) && strings.Contains("\n"+string(code), "\ndef ")
}

// Prepare puts the code where dir/__main__.py is what gets imported.
func (p *Python) Prepare(ctx context.Context, site Site, code Code, main string) (Command, error) {
	dir := site.Dir
	if err := layOut(dir, code, "__main__.py", 0o644); err != nil {
		return Command{}, err
	}
	if !isFile(filepath.Join(dir, "__main__.py")) {
		return Command{}, &ActionError{Message: noBinary, Log: "Zip file does not include __main__.py at its root."}
	}
	return Command{
		Path: p.interpreter,
		// -B: the folder may be shared by processes, and is gone with the function.
		Args:       []string{"-B", p.launcher, dir, main},
		Env:        []string{"PYTHONIOENCODING=utf-8", "__OW_WAIT_FOR_ACK=1"},
		Dir:        dir,
		WaitForAck: true,
	}, nil
}

// StartError passes on the cause that the launcher sent in the ack's place.
func (p *Python) StartError(err error, ack string) *ActionError {
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
