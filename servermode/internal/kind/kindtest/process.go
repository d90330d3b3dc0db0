package kindtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// Common is what every function's environment has.
var Common = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8"}

// TryStart starts a prepared command.
func TryStart(t *testing.T, command kind.Command, out *Logs, env ...string) (*process.Process, error) {
	t.Helper()
	return StartIn(t, Box(t), command, out, func(spec *process.Spec) { spec.Env = append(spec.Env, env...) })
}

// StartIn starts a prepared command in a sandbox, with a spec that change may alter.
func StartIn(t *testing.T, box *sandbox.Sandbox, command kind.Command, out *Logs, change func(*process.Spec)) (*process.Process, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	spec := process.Spec{
		Path: command.Path, Args: command.Args, Dir: command.Dir, WaitForAck: command.WaitForAck, MaxResult: 1 << 20,
		Framed: command.Protocol == kind.Framed, Grace: command.Grace,
		Env: slices.Concat(Common, command.Env),
	}
	change(&spec)
	p, err := process.Start(ctx, box.Group(nil), spec, out)
	if err == nil {
		t.Cleanup(p.Close)
	}
	return p, err
}

// Start starts a prepared command, which must start.
func Start(t *testing.T, command kind.Command, out *Logs) *process.Process {
	t.Helper()
	p, err := TryStart(t, command, out)
	require.NoError(t, err, out)
	return p
}

// Try prepares code, starts it and gives it one run.
func Try(t *testing.T, k kind.Kind, site kind.Site, code kind.Code, main string) (result, log string, err error) {
	t.Helper()
	out := &Logs{}
	site.Dir, site.Sink = t.TempDir(), out
	command, err := k.Prepare(t.Context(), site, code, main)
	if err != nil {
		return "", out.String(), err
	}
	if command.Close != nil {
		t.Cleanup(command.Close)
	}
	p, err := TryStart(t, command, out)
	if err != nil {
		return "", out.String(), err
	}
	result, _ = Answers(t, p, `{}`)
	return result, out.String(), nil
}

// Run gives a process one run.
func Run(t *testing.T, p *process.Process, line string) (result, log string, err error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	out := &Logs{}
	got, err := p.Run(ctx, []byte(line+"\n"), out)
	return string(got), out.String(), err
}

// Answers runs a line that must be answered, and checks that the process stays
// usable.
func Answers(t *testing.T, p *process.Process, line string) (result, log string) {
	t.Helper()
	result, log, err := Run(t, p, line)
	require.NoError(t, err, log)
	require.True(t, p.Alive())
	require.True(t, runtimespec.CheckResult([]byte(result)), "it is JSON: %.200s", result)
	return result, log
}
