package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/tree"
)

// Job is one build at work. Its commands run apart from the server, as a user
// of its own where there is one: dependencies run code when they are installed.
type Job struct {
	Dir     string // to be filled; kept if the build succeeds
	Scratch string // gone when it ends; HOME and TMPDIR of its commands
	Cache   string // the order's cache, empty for none

	builder   *Builder
	user      *sandbox.User
	giveCache func() error // ends the loan of the cache; nil: none was lent
	output    *transcript
}

// Command is one to run in a job.
type Command struct {
	Path string // absolute
	Args []string
	Dir  string
	Env  []string // added to PATH, LANG, HOME, TMPDIR and what the owner passes on
}

// ErrKilled means that the command was killed from outside. The author is not at fault.
var ErrKilled = errors.New("it was killed from outside")

// ExitError is a command that failed; what it wrote is in the logs.
type ExitError struct {
	Command string
	State   string
	Last    string // the last line that it wrote to stderr
	Stderr  string // the end of what it wrote there
}

func (e *ExitError) Error() string { return e.Command + ": " + e.State }

// Cause returns what to tell the author: the command's own last line, if it has one.
func (e *ExitError) Cause() string {
	if e.Last != "" {
		return e.Last
	}
	return e.Error()
}

// passedOn are the owner's variables that builds see: they name package indexes,
// proxies and certificates.
var passedOn = []string{"PIP_", "UV_", "npm_config_", "NPM_CONFIG_", "NODE_EXTRA_CA_CERTS", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"}

// Environ returns the environment of all of a job's commands.
func (j *Job) Environ() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + j.Scratch, "TMPDIR=" + j.Scratch}
	for _, entry := range os.Environ() {
		if slices.ContainsFunc(passedOn, func(prefix string) bool { return strings.HasPrefix(entry, prefix) }) {
			env = append(env, entry)
		}
	}
	return env
}

// Print writes a line to the inits that wait for the build.
func (j *Job) Print(format string, args ...any) {
	j.output.print(fmt.Sprintf(format, args...) + "\n")
}

// Output returns how many bytes the job's commands have written.
func (j *Job) Output() int { return j.output.told() }

// Run runs a command to its end. It fails with *ExitError unless the command's
// status is 0; when ctx ends, the command and all it started are killed.
func (j *Job) Run(ctx context.Context, c Command) error {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir, cmd.Env = c.Dir, append(j.Environ(), c.Env...)
	output, err := j.listen(cmd)
	if err != nil {
		return err
	}
	state, err := j.builder.cfg.Box.Group(j.user).Run(ctx, cmd)
	output()
	switch {
	case err != nil:
		return err
	case state.ExitCode() < 0:
		return fmt.Errorf("%s: %w: %s", filepath.Base(c.Path), ErrKilled, state)
	case !state.Success():
		return &ExitError{Command: filepath.Base(c.Path), State: state.String(), Last: j.output.lastLine(), Stderr: j.output.lastErrors()}
	}
	return nil
}

// listen connects a command's streams to the transcript. output waits until they are
// read to their end, and frees them.
func (j *Job) listen(cmd *exec.Cmd) (output func(), err error) {
	stdout, out, err := j.output.pipe(runtimespec.Stdout)
	if err != nil {
		return nil, err
	}
	stderr, errs, err := j.output.pipe(runtimespec.Stderr)
	if err != nil {
		_ = stdout.Close()
		out()
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return func() {
		_, _ = stdout.Close(), stderr.Close()
		out()
		errs()
	}, nil
}

// Own makes whole trees of files that the server wrote belong to the job's user.
func (j *Job) Own(paths ...string) (err error) {
	for _, path := range paths {
		if j.user != nil {
			err = errors.Join(err, tree.Give(path, j.user.ID))
		}
	}
	return err
}

// close frees what the job alone used. Nothing of a failed job is kept.
func (j *Job) close(failed bool) (err error) {
	if j.giveCache != nil {
		err = j.giveCache()
	}
	if j.Scratch != "" {
		err = errors.Join(err, tree.Remove(j.Scratch))
	}
	if j.Dir != "" && failed {
		err = errors.Join(err, tree.Remove(j.Dir))
		_ = os.Remove(filepath.Dir(j.Dir)) // the place, if nothing else is in it
	}
	if j.user != nil {
		j.builder.cfg.Box.Users.Release(j.user)
	}
	return err
}
