// Package actionloop runs any ActionLoop runtime of the platform by the runtime's
// own compile script and the variables that its image sets. The script compiles an
// action in a build of its own, as the platform's proxy would call it. Programs that
// are compiled already run as they are.
package actionloop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/tool"
)

// Kind is any ActionLoop runtime of the platform: its compile script, and the
// variables that its image sets.
type Kind struct {
	name     string            // "java:17"
	compiler string            // absolute; empty: it takes only what is compiled
	saveJar  string            // a jar is kept whole under this name
	env      map[string]string // what its builds and functions see
	native   native.Kind
	alone    bool   // the only one: takes what no other kind recognises
	sum      string // of all that its results depend on, beside the code
}

// kindName matches the names that a kind can have, with a version or without.
var kindName = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*(:[\w.-]+)?$`)

// New makes a kind of an image's variables: OW_COMPILER, OW_SAVE_JAR,
// OW_EXECUTION_ENV, OW_WAIT_FOR_ACK, and others that its functions are to see. The
// compiler must be one that uid can run (-1: the server's own user).
func New(name string, env map[string]string, programs native.Kind, alone bool, uid int) (*Kind, error) {
	r := &Kind{name: name, compiler: env["OW_COMPILER"], saveJar: env["OW_SAVE_JAR"], native: programs, alone: alone, env: maps.Clone(env)}
	maps.DeleteFunc(r.env, func(key, _ string) bool { return strings.HasPrefix(key, "OW_") })
	r.native.ExecutionEnv, r.native.WaitForAck = env["OW_EXECUTION_ENV"], env["OW_WAIT_FOR_ACK"] != ""
	for _, key := range []string{"OW_EXECUTION_ENV", "OW_WAIT_FOR_ACK"} { // functions get them under the platform's names
		if env[key] != "" {
			r.env["__"+key] = env[key]
		}
	}
	switch {
	case !kindName.MatchString(name):
		return nil, fmt.Errorf("%q cannot be the name of a kind: java:17, say", name)
	case strings.HasSuffix(name, kind.GPUSuffix):
		return nil, fmt.Errorf("%q: a kind's name goes without %s, which callers add", name, kind.GPUSuffix)
	case r.saveJar != "" && (r.saveJar != filepath.Base(r.saveJar) || strings.Trim(r.saveJar, "./") == ""):
		return nil, fmt.Errorf("OW_SAVE_JAR is a file's name, not %q", r.saveJar)
	}
	return r, r.findCompiler(uid)
}

// findCompiler checks that builds can run the compile script.
func (r *Kind) findCompiler(uid int) error {
	if r.compiler == "" {
		return nil
	}
	if !filepath.IsAbs(r.compiler) {
		return fmt.Errorf("OW_COMPILER must be an absolute path, not %q", r.compiler)
	}
	script, err := os.ReadFile(r.compiler)
	if err != nil {
		return fmt.Errorf("OW_COMPILER: %w", err)
	}
	if _, err := tool.Try(uid, "/bin/sh", "-c", `[ -r "$0" ] && [ -x "$0" ]`, r.compiler); err != nil {
		return fmt.Errorf("OW_COMPILER: builds cannot run %s: chmod a+rx it, and make its folders passable", r.compiler)
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q %q", script, r.saveJar, r.environ())
	r.sum = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// environ returns the image's variables, sorted.
func (r *Kind) environ() (out []string) {
	for key, value := range r.env {
		out = append(out, key+"="+value)
	}
	slices.Sort(out)
	return out
}

// Name returns the name that the owner gave.
func (r *Kind) Name() string { return r.name }

// Describe tells the owner what serves the kind.
func (r *Kind) Describe() string {
	if r.compiler == "" {
		return "what is compiled already, without OW_COMPILER"
	}
	return r.compiler
}

// Match accepts the kind by name, and its family without a version.
func (r *Kind) Match(requested string) (bool, error) {
	family, _, _ := strings.Cut(r.name, ":")
	return slices.Contains([]string{r.name, family, family + ":default"}, strings.TrimSuffix(requested, kind.GPUSuffix)), nil
}

// Sniff accepts code that no other kind accepts, if there is no other runtime.
func (r *Kind) Sniff(code kind.Code) bool { return r.alone && len(code) > 0 }

// Prepare compiles code that is not compiled. The code runs where it was compiled,
// because the platform's scripts write the paths of their folders into the result.
func (r *Kind) Prepare(ctx context.Context, site kind.Site, code kind.Code, main string) (kind.Command, error) {
	if r.compiler == "" || r.isCompiled(code) {
		command, err := r.native.Prepare(ctx, site, code, main)
		command.Env = r.environ()
		return command, err
	}
	if strings.ContainsRune(main, 0) {
		return kind.Command{}, &kind.ActionError{Message: fmt.Sprintf("%s Cause: main %.60q cannot be a name.", kind.CannotStart, main)}
	}
	sum := sha256.Sum256(code)
	product, err := site.Builder.Get(ctx, build.Order{
		Tenant: site.Tenant,
		Key:    strings.Join([]string{"runtime", r.name, r.compiler, r.sum, main, hex.EncodeToString(sum[:])}, "\x00"),
		Make:   func(ctx context.Context, j *build.Job) error { return r.compile(ctx, j, code, site.Limits, main) },
	}, site.Sink)
	if failed, ok := errors.AsType[*build.ExitError](err); ok {
		return kind.Command{}, &kind.ActionError{Message: kind.NoBinary, Log: "The compile script failed: " + failed.State + "."}
	}
	if err != nil {
		return kind.Command{}, err
	}
	command, err := r.native.Program(filepath.Join(product.Dir, "bin"))
	if err != nil {
		product.Release()
		return kind.Command{}, err
	}
	command.Env, command.Group, command.Close = r.environ(), product.Group, product.Release
	return command, nil
}

// StartError passes on the cause that a launcher sent in place of its ack.
func (r *Kind) StartError(err error, ack string) *kind.ActionError {
	if strings.HasPrefix(ack, "{") {
		return kind.LauncherError(err, ack)
	}
	return r.native.StartError(err, ack)
}

// On returns the compiler, if there is one.
func (r *Kind) On() []string {
	if r.compiler == "" {
		return nil
	}
	return []string{r.compiler}
}

// Needs returns the folders that the kind's processes read beside the function's
// own. The image's variables name them.
func (r *Kind) Needs() []string {
	out := tool.Around(r.compiler)
	for value := range maps.Values(r.env) {
		for _, path := range filepath.SplitList(value) {
			if strings.HasPrefix(path, "/") {
				out = append(out, path)
			}
		}
	}
	return out
}
