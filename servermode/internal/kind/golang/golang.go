// Package golang compiles Go functions with the host's Go command and a launcher of
// ours. An action is a source file, or a zip of sources with their dependencies
// vendored. Sources with a main of their own are compiled as they are. The compiler
// reaches no network and runs nothing of the action's.
package golang

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
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/build"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/folder"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/tool"
)

//go:embed launcher.txt
var launcher string

// Kind compiles a source file, or a zip of sources with their dependencies vendored.
// It runs a compiled program as it is.
type Kind struct {
	Native native.Kind // for programs

	path    string // of the go command, absolute
	version string // "1.26"
	full    string // "go1.26.8"
}

// oldestGo is the minor version that the launcher needs.
const oldestGo = 18

// New uses the first of candidates that runs as uid (-1: as the server's own user).
func New(candidates []string, programs native.Kind, uid int) (*Kind, error) {
	path, full, err := tool.FirstUsable(candidates, func(path string) (string, error) {
		out, err := tool.Try(uid, path, "env", "GOVERSION")
		return strings.TrimSpace(string(out)), err
	})
	if err != nil {
		return nil, fmt.Errorf("no Go that a build could run: %w", err)
	}
	parts := strings.SplitN(strings.TrimPrefix(full, "go"), ".", 3)
	if minor, err := strconv.Atoi(parts[min(1, len(parts)-1)]); parts[0] != "1" || err != nil || minor < oldestGo {
		return nil, fmt.Errorf("%s is %.60q; Go 1.%d or later is needed", path, full, oldestGo)
	}
	return &Kind{Native: programs, path: path, version: parts[0] + "." + parts[1], full: full}, nil
}

// Name is "go:1".
func (g *Kind) Name() string { return "go:1" }

// Describe tells the owner which Go serves the kind.
func (g *Kind) Describe() string { return g.path + " (" + g.full + ")" }

// Match accepts go, go:1 and the host's own version.
func (g *Kind) Match(requested string) (bool, error) {
	return kind.Match(requested, "go", "Go "+g.version, "1", g.version)
}

var source = regexp.MustCompile(`(?m)^[ \t]*package \w+[ \t\r]*(//.*|/\*.*)?$`) // not Java's, which ends in ;

// Sniff accepts Go source, and a zip with some at its root.
func (g *Kind) Sniff(code kind.Code) bool {
	if artifact.IsZip(code) {
		return slices.ContainsFunc(artifact.Names(code), isRootFile)
	}
	return !code.IsELF() && !code.IsScript() && utf8.Valid(code) && source.Match(code)
}

func isRootFile(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.Contains(name, "/") && !strings.HasSuffix(name, "_test.go")
}

// Prepare compiles source.
func (g *Kind) Prepare(ctx context.Context, site kind.Site, code kind.Code, main string) (kind.Command, error) {
	if code.IsELF() || code.IsScript() || artifact.IsZip(code) && slices.Contains(artifact.Names(code), "exec") {
		return g.Native.Prepare(ctx, site, code, main)
	}
	function, err := exported(main)
	if err != nil {
		return kind.Command{}, err
	}
	sum := sha256.Sum256(slices.Concat([]byte(launcher), code))
	product, err := site.Builder.Get(ctx, build.Order{
		Tenant: site.Tenant,
		Key:    strings.Join([]string{"go", g.full, function, hex.EncodeToString(sum[:])}, "\x00"),
		Cache:  g.full,
		Make:   func(ctx context.Context, j *build.Job) error { return g.compile(ctx, j, code, site.Limits, function) },
	}, site.Sink)
	if err != nil {
		return kind.Command{}, compileError(err)
	}
	defer product.Release()
	exec := filepath.Join(site.Dir, "exec")
	if err := copyFile(exec, filepath.Join(product.Dir, "exec"), 0o755); err != nil {
		return kind.Command{}, err
	}
	command := kind.Command{Path: exec, Dir: site.Dir, Grace: g.Native.Grace}
	if command.WaitForAck = !folder.IsFile(filepath.Join(product.Dir, "whole")); command.WaitForAck {
		command.Env = []string{"__OW_WAIT_FOR_ACK=1"}
	}
	return command, nil
}

// compileError blames the author when the compiler failed.
func compileError(err error) error {
	if _, ok := errors.AsType[*build.ExitError](err); ok {
		return &kind.ActionError{Message: kind.NoBinary}
	}
	return err
}

// exported returns the function that an action's main means. Only a package's
// functions with a capital initial can be called.
func exported(main string) (string, error) {
	name := strings.ToUpper(main[:min(1, len(main))]) + main[min(1, len(main)):]
	if !exportedName.MatchString(name) {
		return "", &kind.ActionError{Message: fmt.Sprintf("%s Cause: main %.60q cannot be the name of a Go function.", kind.CannotStart, main)}
	}
	return name, nil
}

// StartError passes on what the launcher or the program said.
func (g *Kind) StartError(err error, ack string) *kind.ActionError {
	if ack != "" {
		return kind.LauncherError(err, ack)
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

// On returns the go command.
func (g *Kind) On() []string { return []string{g.path} }
