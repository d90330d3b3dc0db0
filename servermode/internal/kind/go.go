package kind

import (
	"context"
	"crypto/sha256"
	_ "embed" // the launcher
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
)

//go:embed launchers/go.txt
var goLauncher string

// Go compiles a source file, or a zip of sources with what they need vendored.
// What is compiled already it runs as it is.
type Go struct {
	Native Native // for programs

	path    string // of the go command, absolute
	version string // "1.26"
	full    string // "go1.26.8"
}

// oldestGo is the minor version that the launcher needs.
const oldestGo = 18

// NewGo uses the first of candidates that runs as uid (-1: as the server's own).
func NewGo(candidates []string, native Native, uid int) (*Go, error) {
	path, full, err := firstUsable(candidates, func(path string) (string, error) {
		out, err := try(uid, path, "env", "GOVERSION")
		return strings.TrimSpace(string(out)), err
	})
	if err != nil {
		return nil, fmt.Errorf("no Go that a build could run: %w", err)
	}
	parts := strings.SplitN(strings.TrimPrefix(full, "go"), ".", 3)
	if minor, err := strconv.Atoi(parts[min(1, len(parts)-1)]); parts[0] != "1" || err != nil || minor < oldestGo {
		return nil, fmt.Errorf("%s is %.60q; Go 1.%d or later is needed", path, full, oldestGo)
	}
	return &Go{Native: native, path: path, version: parts[0] + "." + parts[1], full: full}, nil
}

// Name is "go:1".
func (g *Go) Name() string { return "go:1" }

// Describe tells the owner which Go serves the kind.
func (g *Go) Describe() string { return g.path + " (" + g.full + ")" }

// Match takes go, go:1 and the host's own version.
func (g *Go) Match(requested string) (bool, error) {
	name, version, _ := strings.Cut(strings.TrimSuffix(requested, gpuSuffix), ":")
	if name != "go" {
		return false, nil
	}
	switch version {
	case "", "1", "default", g.version:
		return true, nil
	}
	return false, fmt.Errorf("%w: %.60q; this server has Go %s", ErrUnsupported, requested, g.version)
}

// Sniff takes Go source and a zip with some at its root.
func (g *Go) Sniff(code Code) bool {
	if artifact.IsZip(code) {
		return slices.ContainsFunc(artifact.Names(code), isRootGoFile)
	}
	return !code.isELF() && !code.isScript() && utf8.Valid(code) && goSource.Match(code)
}

func isRootGoFile(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.Contains(name, "/") && !strings.HasSuffix(name, "_test.go")
}

// Prepare compiles what is source.
func (g *Go) Prepare(ctx context.Context, site Site, code Code, main string) (Command, error) {
	if code.isELF() || code.isScript() || artifact.IsZip(code) && slices.Contains(artifact.Names(code), "exec") {
		return g.Native.Prepare(ctx, site, code, main)
	}
	function, err := exported(main)
	if err != nil {
		return Command{}, err
	}
	sum := sha256.Sum256(slices.Concat([]byte(goLauncher), code))
	product, err := site.Shop.Get(ctx, build.Order{
		Tenant: site.Tenant,
		Key:    strings.Join([]string{"go", g.full, function, hex.EncodeToString(sum[:])}, "\x00"),
		Cache:  g.full,
		Make:   func(ctx context.Context, j *build.Job) error { return g.compile(ctx, j, code, site.Limits, function) },
	}, site.Sink)
	if err != nil {
		return Command{}, compileError(err)
	}
	defer product.Release()
	exec := filepath.Join(site.Dir, "exec")
	if err := copyFile(exec, filepath.Join(product.Dir, "exec"), 0o755); err != nil {
		return Command{}, err
	}
	command := Command{Path: exec, Dir: site.Dir, Grace: g.Native.Grace}
	if command.WaitForAck = !isFile(filepath.Join(product.Dir, "whole")); command.WaitForAck {
		command.Env = []string{"__OW_WAIT_FOR_ACK=1"}
	}
	return command, nil
}

// compileError is the author's fault when it was the compiler that failed.
func compileError(err error) error {
	var failed *build.ExitError
	if errors.As(err, &failed) {
		return &ActionError{Message: noBinary}
	}
	return err
}

// exported is the function that an action's main means: a package's functions
// can be called only by names with a capital.
func exported(main string) (string, error) {
	name := strings.ToUpper(main[:min(1, len(main))]) + main[min(1, len(main)):]
	if !goName.MatchString(name) {
		return "", &ActionError{Message: fmt.Sprintf("%s Cause: main %.60q cannot be the name of a Go function.", cannotStart, main)}
	}
	return name, nil
}

// StartError passes on what the launcher or the program said.
func (g *Go) StartError(err error, ack string) *ActionError {
	if ack != "" {
		return launcherError(err, ack)
	}
	return g.Native.StartError(err, ack)
}

func copyFile(to, from string, perm os.FileMode) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close(), os.Chmod(to, perm))
}
