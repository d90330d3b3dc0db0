package kind_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
	"github.com/whiskaway/whiskaway/servermode/internal/zygote"
)

// common is what every function's environment begins with.
var common = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8"}

// forking is from what Python functions are forked while a test says so.
var forking forks

type forks struct {
	python *kind.Python
	box    *sandbox.Sandbox
	parent *zygote.Parent
}

// in makes spec that of a process which is forked, unless nothing is.
func (f forks) in(t *testing.T, command kind.Command, spec *process.Spec) {
	if f.parent != nil {
		require.NotNil(t, command.Fork)
		spec.Fork = f.parent.For(zygote.Program{Env: spec.Env, Dir: spec.Dir, Folder: command.Fork.Folder, Main: command.Fork.Main, Venv: command.Fork.Venv, Apart: command.Fork.Apart})
	}
}

// What holds for an interpreter of its own holds for one that was forked.
func TestLauncher_Forked(t *testing.T) {
	python := python(t)
	box := sandbox.New(strconv.FormatUint(rand.Uint64(), 36), sandbox.DefaultLimits, nil)
	t.Cleanup(box.Close)
	parent, err := zygote.Open(zygote.Config{Box: box, Interpreter: python.Path(), Launcher: python.Launcher(), Env: append(common, python.Env()...)})
	require.NoError(t, err)
	t.Cleanup(parent.Close)
	forking = forks{python, box, parent}
	t.Cleanup(func() { forking = forks{} })
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
