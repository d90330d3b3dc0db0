package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

func TestDev_ServesWhatIsSaved(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	file := filepath.Join(t.TempDir(), "hello.py")
	save(t, file, versioned("one"))
	d := startDev(t, file, "-e", "SECRET=s3cret")
	d.awaits("version 1 serves")

	status, body := d.get("name=Ada&list=a&list=b")
	require.Equal(t, 200, status, body)
	var one struct {
		Version, Dir, Secret string
		PID                  int
		Args                 map[string]any
	}
	decode(t, body, &one)
	assert.Equal(t, "one", one.Version)
	assert.Equal(t, "s3cret", one.Secret)
	assert.Equal(t, map[string]any{"name": "Ada", "list": []any{"a", "b"}}, one.Args)
	assert.True(t, alive(one.PID))

	save(t, file, versioned("two"))
	d.awaits("version 2 serves, in place of version 1")
	_, body = d.get("")
	assert.Contains(t, body, `"two"`)
	harness.Eventually(t, func() bool { return !alive(one.PID) }, "the version before ends")

	save(t, file, versioned("three")+"\ndef broken(\n")
	d.awaits("version 2 goes on serving")
	assert.Contains(t, d.says.String(), "version 3 stderr: SyntaxError")
	assert.Contains(t, d.says.String(), "version 3: init: status 502: Cannot start action")
	_, body = d.get("")
	assert.Contains(t, body, `"two"`)

	save(t, file, versioned("two"))
	d.awaits("saved; that is version 2, which serves")
	save(t, file, versioned("four"))
	d.awaits("version 4 serves, in place of version 2")
	_, body = d.get("")
	assert.Contains(t, body, `"four"`)
	var four struct {
		Dir, Update string
		PID         int
	}
	decode(t, body, &four)
	assert.Equal(t, "0.0.4", four.Update, "as the platform counts updates")
	d.stop(syscall.SIGTERM)
	assert.False(t, alive(four.PID), "nothing is left running")
	assert.NoDirExists(t, four.Dir, "nor on disk")
}

func TestDev_MarksLogsByActivation(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	file := filepath.Join(t.TempDir(), "hello.py")
	save(t, file, versioned("one"))
	d := startDev(t, file)
	d.awaits("version 1 serves")
	resp, err := http.Get(d.url)
	require.NoError(t, err)
	_ = resp.Body.Close()
	id := resp.Header.Get("X-Openwhisk-Activation-Id")
	require.Len(t, id, 32)
	d.awaits("run " + id + ": status 200 after ")
	logs, _, _ := strings.Cut(d.says.String(), "run "+id)
	assert.Contains(t, logs, id[:8]+" stdout: run of one\n", "a run's logs come before its summary")
	assert.NotContains(t, d.says.String(), "XXX_THE_END")
	d.stop(syscall.SIGINT)
}

// A run that waits while a new version comes up has its result from the old one.
func TestDev_RunsInFlightFinishOnTheirVersion(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	dir := harness.OpenDir(t)
	shared := filepath.Join(dir, "shared")
	require.NoError(t, os.Mkdir(shared, 0o777))
	require.NoError(t, os.Chmod(shared, 0o777)) // the function may be another user
	file := filepath.Join(t.TempDir(), "hello.py")
	save(t, file, versioned("old"))
	d := startDev(t, file)
	d.awaits("version 1 serves")

	touch, until := filepath.Join(shared, "started"), filepath.Join(shared, "go-on")
	held := make(chan string, 1)
	go func() {
		_, body := d.get(url.Values{"touch": {touch}, "until": {until}}.Encode())
		held <- body
	}()
	harness.Eventually(t, func() bool { _, err := os.Stat(touch); return err == nil }, "the run has started")
	save(t, file, versioned("new"))
	d.awaits("version 2 serves")
	_, body := d.get("")
	assert.Contains(t, body, `"new"`, "new runs do not wait for the old version's")
	assert.Empty(t, held)
	save(t, until, "")
	old := <-held
	assert.Contains(t, old, `"old"`)
	var first struct{ PID int }
	decode(t, old, &first)
	harness.Eventually(t, func() bool { return !alive(first.PID) }, "then the old version ends")
	d.stop(syscall.SIGTERM)
}

// A run in flight does not keep the tool from ending.
func TestDev_EndsWithARunInFlight(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	shared := filepath.Join(harness.OpenDir(t), "shared")
	require.NoError(t, os.Mkdir(shared, 0o777))
	require.NoError(t, os.Chmod(shared, 0o777))
	file := filepath.Join(t.TempDir(), "hello.py")
	save(t, file, versioned("one"))
	d := startDev(t, file)
	d.awaits("version 1 serves")
	_, body := d.get("")
	var one struct{ PID int }
	decode(t, body, &one)
	touch := filepath.Join(shared, "started")
	go func() { _, _ = http.Get(d.url + "?" + url.Values{"touch": {touch}, "until": {"/nowhere"}}.Encode()) }()
	harness.Eventually(t, func() bool { _, err := os.Stat(touch); return err == nil }, "the run has started")
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGTERM))
	d.awaits("ending; a run in flight has 10s")
	d.stop(syscall.SIGTERM)
	assert.Contains(t, d.says.String(), "runs in flight were cancelled by the second signal", "it does not wait")
	assert.False(t, alive(one.PID))
}

func TestDev_AnswersWhileNoVersionComesUp(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	file := filepath.Join(t.TempDir(), "hello.py")
	save(t, file, "import no_such_module\n")
	d := startDev(t, file)
	d.awaits("runs are answered with 503")
	status, body := d.get("")
	assert.Equal(t, 503, status)
	assert.Contains(t, body, "No module named 'no_such_module'")
	require.NoError(t, os.Remove(file))
	d.awaits("version 2: open " + file)
	save(t, file, versioned("mended"))
	d.awaits("version 3 serves")
	_, body = d.get("")
	assert.Contains(t, body, `"mended"`)
	d.stop(syscall.SIGTERM)
}

func TestDev_ServesAFolder(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "action")
	save(t, filepath.Join(dir, "__main__.py"), "import os\nfrom lib.words import word\ndef main(args):\n    return {\"word\": word, \"files\": sorted(os.listdir('.')), \"linked\": open('link').read()}\n")
	save(t, filepath.Join(dir, "lib", "words.py"), "word = 'first'\n")
	save(t, filepath.Join(dir, "lib", "__init__.py"), "")
	save(t, filepath.Join(dir, ".git", "config"), "")
	save(t, filepath.Join(dir, "lib", "__pycache__", "words.pyc"), "")
	save(t, filepath.Join(dir, "text"), "linked text")
	require.NoError(t, os.Symlink("text", filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "secret")))
	d := startDev(t, dir)
	d.awaits("version 1 serves")
	assert.Contains(t, d.says.String(), "left out: .git, lib/__pycache__, secret (a link out of the folder)\n")
	_, body := d.get("")
	assert.JSONEq(t, `{"word":"first","files":["__main__.py","lib","link","main__.py","text"],"linked":"linked text"}`, body)

	save(t, filepath.Join(dir, "lib", "words.py"), "word = 'second'\n")
	d.awaits("version 2 serves")
	_, body = d.get("")
	assert.Contains(t, body, `"second"`)
	save(t, filepath.Join(dir, "more.txt"), "a new file is a new version")
	d.awaits("version 3 serves")
	_, body = d.get("")
	assert.Contains(t, body, `"more.txt"`)
	d.stop(syscall.SIGTERM)
}

// With --server the versions are functions of that server, one at a time.
func TestDev_UsesAnUpstream(t *testing.T) {
	harness.Needs(t, "python3")
	t.Parallel()
	server := harness.Server(t)
	file := filepath.Join(t.TempDir(), "hello.py")
	save(t, file, versioned("one"))
	d := startDev(t, file, "--server", server.URL)
	d.awaits("version 1 serves")
	require.Len(t, harness.Functions(t, server), 1)
	save(t, file, versioned("two"))
	d.awaits("version 2 serves")
	harness.Eventually(t, func() bool { return len(harness.Functions(t, server)) == 1 }, "the old version is given up")
	d.stop(syscall.SIGTERM)
	assert.Empty(t, harness.Functions(t, server))
}

func TestDev_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "hello.py")
	save(t, file, versioned("one"))
	taken := startDev(t, file)
	address := strings.Trim(strings.TrimPrefix(taken.url, "http://"), "/")
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no action":        {nil, 2, "<action>"},
		"no such file":     {[]string{"/nowhere/hello.py"}, 1, "no such file"},
		"open to others":   {[]string{file, "--listen=0.0.0.0:0"}, 2, "only loopback"},
		"address taken":    {[]string{file, "--listen=" + address}, 1, "takes a free port"},
		"bad server":       {[]string{file, "--server=ftp://x"}, 2, "--server"},
		"python elsewhere": {[]string{file, "--server=http://127.0.0.1:1", "--python=x"}, 2, "leave one out"},
		"no such python":   {[]string{file, "--python=/nowhere"}, 1, "--python"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, "whiskaway", append([]string{"dev"}, c.args...)...)
			assert.Equal(t, c.code, code, stderr)
			assert.Contains(t, stdout+stderr, c.says)
		})
	}
}
