package kind

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
)

// requirementsFile asks for packages, at the root of an action's archive.
const requirementsFile = "requirements.txt"

// maxWishes bounds what is read of a file that says what to install.
const maxWishes = 1 << 20

// environment is a virtual environment with what the action at the site
// requires; nil when it asks for nothing, or brings its own.
func (p *Python) environment(ctx context.Context, site Site) (*build.Product, error) {
	if !hasEntryNamed(site.Dir, requirementsFile) || hasEntryNamed(site.Dir, "virtualenv") {
		return nil, nil
	}
	text, err := readAtMost(filepath.Join(site.Dir, requirementsFile), maxWishes)
	if errors.Is(err, errTooLarge) {
		return nil, err
	}
	if err != nil {
		return nil, &ActionError{Message: cannotStart + " Cause: requirements.txt must be a file of the action, and no link that leads elsewhere."}
	}
	wanted, err := ParseRequirements(string(text))
	if err != nil || len(wanted) == 0 {
		return nil, err
	}
	product, err := site.Shop.Get(ctx, build.Order{
		Tenant: site.Tenant,
		Key:    strings.Join([]string{"python", p.interpreter, p.full, p.installer(), p.sees(), wanted.String()}, "\x00"),
		Make:   func(ctx context.Context, j *build.Job) error { return p.install(ctx, j, wanted) },
	}, site.Sink)
	var failed *build.ExitError
	if errors.As(err, &failed) {
		return nil, p.notInstalled(failed)
	}
	return product, err
}

// notInstalled tells the author the installer's cause, and what helps where the
// server reaches no package index but has the packages itself.
func (p *Python) notInstalled(failed *build.ExitError) *ActionError {
	message := "The action's requirements could not be installed. Check logs for details. Cause: " + failed.Cause()
	if !p.HostPackages {
		message = strings.TrimRight(message, ".") + ". (Packages that the host's own Python has do not count: the server's owner may allow them with --host-packages.)"
	}
	return &ActionError{Message: message}
}

// sees says of whose packages an environment is made.
func (p *Python) sees() string {
	if p.HostPackages {
		return "the host's too"
	}
	return "its own"
}

// venvFlags are those that show an environment the host's packages, if they are
// to be seen: a run must not depend on what a host happens to have.
func (p *Python) venvFlags() []string {
	if p.HostPackages {
		return []string{"--system-site-packages"}
	}
	return nil
}

// FindUV returns the path of the first of candidates that is a uv which
// functions' users can run.
func FindUV(candidates []string, uid int) (string, error) {
	path, _, err := firstUsable(candidates, func(path string) ([]byte, error) { return try(uid, path, "--version") })
	return path, err
}

// installer is uv where there is one; but uv takes no account of the host's
// packages, however an environment sees them.
func (p *Python) installer() string {
	if p.UV != "" && !p.HostPackages {
		return "uv"
	}
	return "pip"
}

// install makes the environment in the job's folder.
func (p *Python) install(ctx context.Context, j *build.Job, wanted Requirements) error {
	list := filepath.Join(j.Scratch, requirementsFile)
	if err := os.WriteFile(list, []byte(wanted.String()), 0o644); err != nil {
		return err
	}
	if err := j.Own(list); err != nil {
		return err
	}
	j.Print("installing %d requirement(s) for Python %s with %s", len(wanted), p.full, p.installer())
	python := filepath.Join(j.Dir, "bin", "python")
	steps := p.pipSteps(j.Dir, python, list)
	if p.installer() == "uv" {
		steps = p.uvSteps(j.Dir, python, list)
	}
	for i, step := range steps {
		step.Dir = j.Scratch
		if err := j.Run(ctx, step); err != nil {
			return err
		}
		if i == 0 {
			if err := p.inherit(j); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Python) uvSteps(dir, python, list string) []build.Command {
	return []build.Command{
		{Path: p.UV, Args: []string{"venv", "--quiet", "--no-config", "--no-project", "--allow-existing", "--no-python-downloads", "--python", p.interpreter, dir}},
		{Path: p.UV, Args: []string{"pip", "install", "--no-config", "--no-cache", "--link-mode", "copy", "--compile-bytecode", "--python", python, "--requirements", list}},
	}
}

func (p *Python) pipSteps(dir, python, list string) []build.Command {
	install := []string{"install", "--no-input", "--no-cache-dir", "--disable-pip-version-check", "--progress-bar", "off", "-r", list}
	if !p.foreignPip { // older ones cannot install into another environment
		return []build.Command{
			{Path: p.interpreter, Args: slices.Concat([]string{"-m", "venv"}, p.venvFlags(), []string{dir})},
			{Path: python, Args: append([]string{"-m", "pip"}, install...)},
		}
	}
	return []build.Command{
		{Path: p.interpreter, Args: slices.Concat([]string{"-m", "venv", "--without-pip"}, p.venvFlags(), []string{dir})},
		{Path: p.interpreter, Args: append([]string{"-m", "pip", "--python", python}, install...)},
	}
}

// inherit lets the environment see the packages of the owner's interpreter
// when that is an environment itself: those of the system it sees anyhow.
func (p *Python) inherit(j *build.Job) error {
	if !p.nested || !p.HostPackages {
		return nil
	}
	found, err := filepath.Glob(filepath.Join(j.Dir, "lib", "python3*", "site-packages"))
	if err != nil || len(found) == 0 {
		return err
	}
	file := filepath.Join(found[0], "host.pth")
	return errors.Join(os.WriteFile(file, []byte(strings.Join(p.packages, "\n")+"\n"), 0o644), j.Own(file))
}
