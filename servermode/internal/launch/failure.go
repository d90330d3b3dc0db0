package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// Explain adds what the server knows of the cause to the error of a process that
// ended.
func (l *Launcher) Explain(err error) error {
	var exit *process.ExitError
	if !errors.As(err, &exit) || !exit.Status.Signaled() {
		return err
	}
	cause := ""
	switch signal := exit.Status.Signal(); {
	case signal == syscall.SIGKILL && l.cfg.OOM.Lately():
		cause = "probably for want of memory: the kernel has just ended processes here for that"
	case signal == syscall.SIGXFSZ && l.cfg.Limits.FileSize > 0:
		cause = fileLimit(l.cfg.Limits.FileSize)
	}
	if cause == "" {
		return err
	}
	return &process.ExitError{Status: exit.Status, Cause: cause}
}

func fileLimit(bytes uint64) string {
	return fmt.Sprintf("a file may have %d bytes on this server (--max-file-size)", bytes)
}

// HintAt tells an author of the owner's limit of file sizes if a result shows that
// the program exceeded it.
func (l *Launcher) HintAt(result []byte, sink function.Sink) {
	const longest = 64 << 10 // a larger result is about more than this error
	most := l.cfg.Limits.FileSize
	if most == 0 || len(result) > longest || !runtimespec.IsError(result) {
		return
	}
	if bytes.Contains(bytes.ToLower(result), []byte("file too large")) { // EFBIG, in C's words
		sink.Log(runtimespec.Stderr, []byte(fileLimit(most)+"\n"))
	}
}

// full are texts by which programs report a full disk.
var full = []string{"No space left on device", "Disk quota exceeded", "ENOSPC", "EDQUOT"}

// blameHost makes a failure the host's if a tool met the host's fault while it
// worked for the action: pip finds the disk full, say. The server's disk is tried,
// because an action that fills its own folders is to blame itself.
func (l *Launcher) blameHost(err error) error {
	var problem *kind.ActionError
	if !errors.As(err, &problem) {
		return err
	}
	for _, words := range full {
		if strings.Contains(problem.Message+problem.Log, words) {
			return errors.Join(err, host.TryOut(l.cfg.State.Dir))
		}
	}
	return err
}

// failed sorts a failure. The author gets the action's own failures, in the answer
// and on stderr.
func (p *program) failed(ctx context.Context, err error, sink function.Sink) error {
	err = p.launcher.blameHost(p.launcher.Explain(err))
	var ack *process.AckError
	var problem *kind.ActionError
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return err
	case host.Fault(err) != "":
		return fmt.Errorf("%w: %w", host.ErrStart, err)
	case errors.As(err, &ack):
		problem = p.kind.StartError(err, ack.Line)
	case errors.Is(err, process.ErrExited), errors.Is(err, process.ErrEarlyOutput), errors.Is(err, process.ErrUnfit):
		problem = p.kind.StartError(err, "")
	case !errors.As(err, &problem):
		return fmt.Errorf("%w: %w", host.ErrStart, err)
	}
	if problem.Log != "" {
		sink.Log(runtimespec.Stderr, []byte(problem.Log+"\n"))
	}
	return problem
}
