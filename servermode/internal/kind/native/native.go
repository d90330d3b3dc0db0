// Package native runs programs that speak ActionLoop themselves: an ELF executable
// or a script, alone or as exec in a zip. It builds nothing. A program acknowledges
// its start, or counts as started after a grace.
package native

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/whiskaway/whiskaway/servermode/internal/artifact"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/folder"
)

// Kind runs an ELF executable or a script that speaks ActionLoop itself, alone or as
// the file exec of a zip.
type Kind struct {
	WaitForAck   bool          // its executables write {"ok":true} when they are ready
	Grace        time.Duration // without ack: an exit within it is a failed start
	ExecutionEnv string        // when set, a zip must have it as exec.env
}

// DefaultGrace is long enough for a shell to start and fail. A process that waits
// for its input is ready earlier.
const DefaultGrace = 50 * time.Millisecond

// Name is "native".
func (Kind) Name() string { return "native" }

// Match accepts native and the platform's name for it, blackbox.
func (Kind) Match(requested string) (bool, error) {
	base := strings.TrimSuffix(requested, kind.GPUSuffix)
	return base == "native" || base == "blackbox" || strings.HasPrefix(base, "native:"), nil
}

// Sniff accepts ELF, #!, a zip with an exec, and a tar.gz, which no other kind
// accepts.
func (Kind) Sniff(code kind.Code) bool {
	return code.IsELF() || code.IsScript() || artifact.IsTarGz(code) || artifact.IsZip(code) && slices.Contains(artifact.Names(code), "exec")
}

// Prepare puts the executable at dir/exec.
func (n Kind) Prepare(_ context.Context, site kind.Site, code kind.Code, _ string) (kind.Command, error) {
	dir := site.Dir
	if !code.IsELF() && !code.IsScript() && !code.IsArchive() {
		return kind.Command{}, &kind.ActionError{Message: kind.NoBinary, Log: "The code is neither an ELF executable, nor a script that begins with #!, nor a zip with an executable named exec." + foreign(code)}
	}
	if err := site.LayOut(code, "exec", 0o755); err != nil {
		return kind.Command{}, err
	}
	if err := findExec(dir); err != nil {
		return kind.Command{}, err
	}
	return n.Program(dir)
}

// findExec checks that a folder has a program exec that Linux can execute, as far as
// that can be told.
func findExec(dir string) error {
	if !folder.HasFile(dir, "exec") {
		return &kind.ActionError{Message: kind.NoBinary, Log: "Zip file does not include an executable named exec." + folder.Misplaced(dir, "exec")}
	}
	if err := folder.MendText(dir, "exec", 0o755); err != nil {
		return err
	}
	head, err := folder.Read(dir, "exec", 4)
	if err != nil {
		return err
	}
	if hint := foreign(head); hint != "" {
		return &kind.ActionError{Message: kind.NoBinary, Log: "The file exec cannot be executed." + hint}
	}
	return folder.MakeExecutable(dir, "exec") // some archives have no modes
}

// foreign says for which other system a program is. The result starts with a space,
// or is empty.
func foreign(head []byte) string {
	for magic, system := range map[string]string{"MZ": "Windows", "\xcf\xfa\xed\xfe": "macOS", "\xca\xfe\xba\xbe": "macOS, or for Java"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return " It is a program for " + system + ": build it for Linux (GOOS=linux)."
		}
	}
	return ""
}

// Program returns the command for dir/exec, which must exist.
func (n Kind) Program(dir string) (kind.Command, error) {
	if err := n.checkExecutionEnv(dir); err != nil {
		return kind.Command{}, err
	}
	command := kind.Command{Path: filepath.Join(dir, "exec"), Dir: dir, WaitForAck: n.WaitForAck, Grace: cmp.Or(n.Grace, DefaultGrace)}
	if n.WaitForAck {
		command.Env = []string{"__OW_WAIT_FOR_ACK=1"}
	}
	return command, nil
}

// checkExecutionEnv refuses an executable that was built for another image.
func (n Kind) checkExecutionEnv(dir string) error {
	if n.ExecutionEnv == "" {
		return nil
	}
	got, err := folder.ReadHead(filepath.Join(dir, "exec.env"))
	if err != nil {
		return &kind.ActionError{Message: kind.NoBinary, Log: "The action has no exec.env, which must hold " + n.ExecutionEnv + "."}
	}
	if env := strings.TrimSpace(string(kind.PlainText(got))); env != n.ExecutionEnv {
		return &kind.ActionError{Message: kind.NoBinary, Log: fmt.Sprintf("Execution environment version mismatch: exec.env must hold %.60q, not %.60q.", n.ExecutionEnv, env)}
	}
	return nil
}

// StartError names the cause, as the ActionLoop runtimes do.
func (Kind) StartError(err error, ack string) *kind.ActionError {
	if ack != "" {
		return &kind.ActionError{Message: fmt.Sprintf("cannot start action: %v: %.200q", err, ack)}
	}
	return &kind.ActionError{Message: fmt.Sprintf("cannot start action: %v", err)}
}
