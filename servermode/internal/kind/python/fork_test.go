package python_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/python"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
)

// forking is the parent that Python functions are forked from, while a test sets it.
var forking *forks

type forks struct {
	python *python.Kind
	box    *sandbox.Sandbox
	parent *zygote.Parent
}

// start starts a command by a fork.
func (f *forks) start(t *testing.T, command kind.Command, out *kindtest.Logs, env []string) (*process.Process, error) {
	t.Helper()
	require.NotNil(t, command.Fork)
	return kindtest.StartIn(t, f.box, command, out, func(spec *process.Spec) {
		spec.Env = append(spec.Env, env...)
		spec.Fork = f.parent.For(zygote.Program{Env: spec.Env, Dir: spec.Dir, Folder: command.Fork.Folder, Main: command.Fork.Main, Venv: command.Fork.Venv, Apart: command.Fork.Apart})
	})
}

// Everything that holds for an executed interpreter holds for a forked one.
func TestLauncher_Forked(t *testing.T) {
	p, box := kindtest.Python(t), kindtest.Box(t)
	parent, err := zygote.Open(zygote.Config{Box: box, Interpreter: p.Path(), Launcher: p.Launcher(), Env: slices.Concat(kindtest.Common, p.Env())})
	require.NoError(t, err)
	t.Cleanup(parent.Close)
	forking = &forks{p, box, parent}
	t.Cleanup(func() { forking = nil })
	for name, test := range map[string]func(*testing.T){
		"ContextIsEachRunsOwn": TestLauncher_ContextIsEachRunsOwn, "Arguments": TestLauncher_Arguments,
		"DeepArgument": TestLauncher_DeepArgument, "BadResultsAreErrors": TestLauncher_BadResultsAreErrors,
		"ActionKeepsItsHandsOffTheProtocol": TestLauncher_ActionKeepsItsHandsOffTheProtocol,
		"EndOfTheProcess":                   TestLauncher_EndOfTheProcess, "ThreadsPrintIntoTheNextRun": TestLauncher_ThreadsPrintIntoTheNextRun,
		"FailedStarts": TestLauncher_FailedStarts, "Virtualenvs": TestLauncher_Virtualenvs,
	} {
		before := parent.Stats().Forks
		t.Run(name, test)
		assert.Greater(t, parent.Stats().Forks, before, "%s: they were forked, or this shows nothing", name)
	}
}
