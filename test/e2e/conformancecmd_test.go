package e2e_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
	"github.com/whiskaway/whiskaway/test/harness"
)

func TestConformanceCommand_PrintsATable(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	stdout, stderr, code := run(t, "whiskaway", "conformance", "--exec", chainCommand(t), "--kind", "python:3.11", "--kind", "native",
		"--case", "four-echoes", "--case", "context", "--case", "unknown-kind", "--case", "native-zip", "--case", "native-ack", "--case", "result-null")
	require.Equal(t, 0, code, stdout+stderr)
	for _, part := range []string{
		"python:3\n\n", "\nnative\n\n", "passed       four-echoes", "passed       context", "passed       native-zip",
		"not checked  unknown-kind", "a target that obeys WHISKAWAY_KIND", "not checked  native-ack", "passed       result-null", "statement gives (own)\n",
		"3 passed, 0 failed, 1 not checked\n", "4 passed, 0 failed, 2 not checked\n",
	} {
		assert.Contains(t, stdout, part)
	}
	assert.Empty(t, stderr, "no bar off a terminal")
}

// The ELF cases send the tool itself: asked to, it is their action.
func TestConformanceCommand_IsItsOwnAction(t *testing.T) {
	t.Parallel()
	results, w, err := os.Pipe()
	require.NoError(t, err)
	defer results.Close()
	cmd := exec.Command(filepath.Join(harness.Bins, "whiskaway"))
	cmd.Env = append(harness.Env, conformance.ActionVariable+"=echo")
	cmd.Stdin, cmd.ExtraFiles = strings.NewReader(`{"value":{"n":1}}`+"\n"), []*os.File{w}
	require.NoError(t, cmd.Run())
	require.NoError(t, w.Close())
	text, err := io.ReadAll(results)
	require.NoError(t, err)
	assert.Equal(t, `{"n":1}`+"\n", string(text))
}

func TestConformanceCommand_ChecksWhatTheRuntimeProvides(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	r, stderr, code := report(t, "--exec", chainCommand(t), "--kind", "python", "--provides", "kind", "--case", "unknown-kind", "--case", "unicode")
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, []string{"unicode", "unknown-kind"}, r.ids("passed"))
}

func TestConformanceCommand_ExitCodeTellsWhoseDemandFails(t *testing.T) {
	t.Parallel()
	command := agreeableCommand(t)
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"the platform's":    {[]string{"--case", "init-malformed"}, 1, "does not conform: 1 failed"},
		"our own":           {[]string{"--case", "run-malformed"}, 0, "1 of the failures are of demands of our own"},
		"our own, strictly": {[]string{"--case", "run-malformed", "--strict"}, 1, "does not conform: 1 failed"},
		"nothing":           {[]string{"--case", "unknown-kind"}, 1, "no case could be checked"},
	} {
		t.Run(name, func(t *testing.T) {
			r, stderr, code := report(t, append([]string{"--exec", command, "--kind", "native"}, c.args...)...)
			assert.Equal(t, c.code, code, stderr)
			assert.Contains(t, stderr, c.says)
			assert.Zero(t, r.Passed)
		})
	}
}

// One container takes one init: what can be asked before it is, then one case
// that needs it, and the rest is not claimed.
func TestConformanceCommand_ClaimsNoMoreThanOneContainerShows(t *testing.T) {
	t.Parallel()
	client := harness.Client(t, harness.Server(t).URL, "python:3")
	r, stderr, code := report(t, client.URL, "--kind", "python")
	require.Equal(t, 0, code, stderr)
	assert.ElementsMatch(t, []string{"init-empty-code", "init-no-value", "init-malformed", "init-bad-base64", "run-before-init"}, r.ids("passed"))
	assert.Len(t, r.ids("not checked"), len(conformance.For(conformance.Python))-5)
	for _, c := range r.Cases {
		if c.ID == "four-echoes" {
			assert.Contains(t, c.Why, "it needs a fresh container, and this one was used by run-before-init")
		}
	}
	_, stderr, code = report(t, client.URL, "--kind", "python")
	assert.Equal(t, 1, code, "it is not fresh any more")
	assert.Contains(t, stderr, "initialised before: start a fresh one")
}

func TestConformanceCommand_RestartGivesEachCaseAFreshContainer(t *testing.T) {
	t.Parallel()
	url, command := restarter(t, harness.Server(t).URL)
	r, stderr, code := report(t, url, "--restart", command, "--kind", "python", "--case", "other-main", "--case", "run-exits", "--case", "context", "--case", "log-200-kb")
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, []string{"other-main", "run-exits"}, r.ids("passed"))
	assert.Equal(t, []string{"context", "log-200-kb"}, r.ids("not checked"))
	for _, c := range r.Cases {
		switch c.ID {
		case "context":
			assert.Contains(t, c.Why, "__OW_API_HOST, __OW_OPERATOR must be in the container's environment: put {env}")
		case "log-200-kb":
			assert.Contains(t, c.Why, "visible streams")
		}
	}
}

func TestConformanceCommand_HandsTheEnvironmentToContainerEngines(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	docker := filepath.Join(t.TempDir(), "docker")
	script := strings.NewReplacer("CLIENT", filepath.Join(harness.Bins, "clientmode"), "UPSTREAM", harness.Server(t).URL).Replace(fakeDocker)
	require.NoError(t, os.WriteFile(docker, []byte(script), 0o700))
	for flags, verdict := range map[string]string{"{env}": "passed", "": "not checked"} {
		r, stderr, code := report(t, "--kind=python", "--case=context", "--case=unicode",
			"--exec", docker+" run --rm --init "+flags+" -p 127.0.0.1:{port}:8080 IMAGE")
		require.Equal(t, 0, code, stderr)
		assert.Contains(t, r.ids(verdict), "context", flags)
		assert.Contains(t, r.ids("passed"), "unicode", flags)
	}
}

func TestConformanceCommand_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"nothing":            {nil, 2, "either the URL of a runtime or --exec"},
		"both":               {[]string{"http://127.0.0.1:1", "--exec=x {port}", "--kind=python"}, 2, "either the URL"},
		"no kind":            {[]string{"http://127.0.0.1:1"}, 2, "--kind says which cases"},
		"unknown kind":       {[]string{"http://127.0.0.1:1", "--kind=cobol"}, 2, "there are cases for python:3"},
		"unknown case":       {[]string{"http://127.0.0.1:1", "--kind=python", "--case=x"}, 2, "--list shows them"},
		"another kind's":     {[]string{"http://127.0.0.1:1", "--kind=python", "--case=native-elf"}, 2, "--list shows them"},
		"two kinds":          {[]string{"http://127.0.0.1:1", "--kind=python,native"}, 2, "one container serves one kind"},
		"unknown provision":  {[]string{"http://127.0.0.1:1", "--kind=python", "--provides=x"}, 2, "--provides x"},
		"no port":            {[]string{"--exec=true", "--kind=python"}, 2, "{port}"},
		"restart of nothing": {[]string{"--exec=x {port}", "--restart=y", "--kind=python"}, 2, "--restart goes with a URL"},
		"unreachable":        {[]string{"127.0.0.1:1", "--kind=python"}, 5, "no runtime answers there"},
		"ends at once":       {[]string{"--exec=sh -c 'echo no luck >&2' {port}", "--kind=python"}, 1, "no luck"},
		"restart fails":      {[]string{"http://127.0.0.1:1", "--restart=echo no luck; false", "--kind=python"}, 1, "no luck"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, "whiskaway", append([]string{"conformance"}, c.args...)...)
			assert.Equal(t, c.code, code, stderr)
			assert.Contains(t, stderr, c.says)
			assert.NotContains(t, stdout, "passed")
		})
	}
}

func TestConformanceCommand_ListsItsCases(t *testing.T) {
	t.Parallel()
	stdout, _, code := run(t, "whiskaway", "conformance", "--list")
	require.Equal(t, 0, code)
	for _, c := range conformance.Cases() {
		assert.Contains(t, stdout, "  "+c.ID+" ")
		assert.Contains(t, stdout, c.Behaviour)
	}
}

// Interrupted, it ends what it has started, whatever that is about.
func TestConformanceCommand_EndsWhatItStarted(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	for name, c := range map[string]struct {
		program   string
		container int // the one that is being checked: the first is only tried
		out       string
	}{
		"while it checks": {agreeable, 2, " not checked\n"},
		"while it waits":  {silent, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			mark := filepath.Join(dir, "containers")
			save(t, filepath.Join(dir, "runtime.py"), c.program)
			cmd := exec.Command(filepath.Join(harness.Bins, "whiskaway"), "conformance", "--kind=native",
				"--exec", "/usr/bin/python3 "+dir+"/runtime.py {port} "+mark)
			var out, says harness.Buffer
			cmd.Stdout, cmd.Stderr = &out, &says
			require.NoError(t, cmd.Start())
			done := make(chan struct{})
			go func() { _ = cmd.Wait(); close(done) }()
			t.Cleanup(func() { _ = cmd.Process.Kill(); <-done })
			harness.Eventually(t, func() bool { return len(pidsIn(mark)) >= c.container }, "a container is there")
			require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
			select {
			case <-done:
			case <-time.After(harness.Patience):
				require.Fail(t, "it does not end")
			}
			assert.Equal(t, 1, cmd.ProcessState.ExitCode(), says.String())
			assert.Contains(t, out.String(), c.out)
			for _, pid := range pidsIn(mark) {
				assert.False(t, alive(pid), "container %d", pid)
			}
		})
	}
}
