package python

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/tool"
)

// FindUV returns the path of the first of candidates that is a uv which functions'
// users can run.
func FindUV(candidates []string, uid int) (string, error) {
	path, _, err := tool.FirstUsable(candidates, func(path string) ([]byte, error) { return tool.Try(uid, path, "--version") })
	return path, err
}

// installer returns uv where there is one. But uv takes no account of the host's
// packages, however an environment sees them.
func (p *Kind) installer() string {
	if p.UV != "" && !p.HostPackages {
		return "uv"
	}
	return "pip"
}

// install makes the environment in the job's folder.
func (p *Kind) install(ctx context.Context, j *build.Job, wanted Requirements) error {
	list := filepath.Join(j.Scratch, RequirementsFile)
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

func (p *Kind) uvSteps(dir, python, list string) []build.Command {
	return []build.Command{
		{Path: p.UV, Args: []string{"venv", "--quiet", "--no-config", "--no-project", "--allow-existing", "--no-python-downloads", "--python", p.interpreter, dir}},
		{Path: p.UV, Args: []string{"pip", "install", "--no-config", "--no-cache", "--link-mode", "copy", "--compile-bytecode", "--python", python, "--requirements", list}},
	}
}

func (p *Kind) pipSteps(dir, python, list string) []build.Command {
	install := []string{"install", "--no-input", "--no-cache-dir", "--disable-pip-version-check", "--progress-bar", "off", "-r", list}
	if !p.foreignPip { // an older pip cannot install into another environment
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

// inherit lets the environment see the packages of the owner's interpreter when that
// is itself an environment. It sees the system's packages anyhow.
func (p *Kind) inherit(j *build.Job) error {
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

// venvFlags returns the flags that show the host's packages to an environment, if it
// is to see them. Otherwise a run would depend on what a host happens to have.
func (p *Kind) venvFlags() []string {
	if p.HostPackages {
		return []string{"--system-site-packages"}
	}
	return nil
}
