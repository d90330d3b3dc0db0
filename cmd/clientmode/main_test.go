package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/settingstest"
)

func TestMain(m *testing.M) {
	if os.Getenv("CLIENTMODE_ITSELF") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// run runs the command to its end.
func run(t *testing.T, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Args[0] = "clientmode"
	cmd.Env = append(append(os.Environ(), "CLIENTMODE_ITSELF=1"), env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		require.IsType(t, &exec.ExitError{}, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestCommand_HelpAndVersionAreOnStdout(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"-h"}, {"--limit=7s", "--help"}} {
		out, errs, code := run(t, nil, args...)
		assert.Zero(t, code)
		assert.Empty(t, errs)
		for _, want := range []string{"--upstream=URL", "$WHISKAWAY_UPSTREAM_NAME", "--max-run-body=32MiB", "--max-result=1MiB", "--log-settle=30ms"} {
			assert.Contains(t, out, want)
		}
	}
	out, errs, code := run(t, nil, "healthcheck", "--help")
	assert.Zero(t, code, errs)
	assert.Contains(t, out, "--listen")
	out, errs, code = run(t, nil, "--version")
	assert.Zero(t, code, errs)
	assert.Regexp(t, `^clientmode \S+.* \(go1\.\S+ \S+\)\n$`, out)
}

func TestCommand_WhatIsWrongIsOneLineOnStderr(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		args []string
		code int
		says string
	}{
		"unknown flag":      {nil, []string{"--nonsense"}, 2, "there is no flag --nonsense (clientmode --help lists what there is)"},
		"a slip":            {nil, []string{"--upstraem=http://x"}, 2, "did you mean --upstream?"},
		"unknown argument":  {nil, []string{"serve"}, 2, `unexpected argument "serve"`},
		"no value":          {nil, []string{"--upstream"}, 2, "--upstream needs a value"},
		"no time":           {nil, []string{"--limit=soon"}, 2, `--limit must be a time above 0, such as 10m or 30s, not "soon"`},
		"no time at all":    {nil, []string{"--limit=0s"}, 2, "--limit must be a time above 0"},
		"no size":           {nil, []string{"--max-run-body=32MB"}, 2, "--max-run-body must be a number of bytes above 0, such as 64MiB"},
		"no truth":          {nil, []string{"--unavailable-503=maybe"}, 2, "true or false"},
		"a variable":        {[]string{"WHISKAWAY_MAX_RESULT=-1"}, nil, 2, `WHISKAWAY_MAX_RESULT must be a number of bytes above 0, such as 64MiB, not "-1"`},
		"log level":         {nil, []string{"--log-level=loud"}, 2, "loud"},
		"dialect":           {nil, []string{"--dialect=klingon"}, 78, "neither whiskaway nor openserverless"},
		"unknown scheme":    {nil, []string{"--upstream=ftp://x"}, 78, "--upstream (WHISKAWAY_UPSTREAM): write http://HOST:PORT or https://HOST:PORT"},
		"broken URL":        {[]string{"WHISKAWAY_UPSTREAM=http://[::1"}, nil, 78, "write http://HOST:PORT or https://HOST:PORT"},
		"a path in the URL": {nil, []string{"--upstream=http://x/v1"}, 78, "and nothing else"},
		"list":              {nil, []string{"--upstream-allow=a/b/c"}, 78, "--upstream-allow"},
		"token":             {nil, []string{"--token-file=/nowhere"}, 78, "/nowhere"},
		"a healthcheck":     {nil, []string{"healthcheck", "--nonsense"}, 2, "there is no flag --nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := run(t, append(c.env, "WHISKAWAY_LISTEN=127.0.0.1:0"), c.args...)
			assert.Equal(t, c.code, code)
			assert.Empty(t, out)
			assert.Contains(t, errs, c.says)
			assert.Equal(t, 1, strings.Count(errs, "\n"), errs)
			assert.True(t, strings.HasPrefix(errs, "clientmode: "), errs)
		})
	}
}

// A variable that is set to nothing leaves the client at its default, and so the
// healthcheck.
func TestHealthcheck_EmptyVariableIsTheDefault(t *testing.T) {
	_, errs, _ := run(t, []string{"WHISKAWAY_LISTEN="}, "healthcheck")
	assert.NotContains(t, errs, "missing port")
}

func TestSettings_AreThoseOfThePage(t *testing.T) {
	settingstest.Page(t, "clientmode", command.About, &flags{})
}
