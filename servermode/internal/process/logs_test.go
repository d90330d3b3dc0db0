package process_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

func touch(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, nil, 0o666))
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func TestLogs_BelongToTheirRun(t *testing.T) {
	p := start(t, bash(ack+`while read -r c; do
		head -c 200000 /dev/zero | tr '\0' "$c"; printf 'out%s' "$c"
		(head -c 200000 /dev/zero | tr '\0' "$c"; printf 'err%s' "$c") >&2
		echo "$c" >&3; done`))
	for _, c := range strings.Split("abcdefghij", "") {
		result, logs, err := run(t, p, c)
		require.NoError(t, err)
		require.Equal(t, c, result)
		flood := strings.Repeat(c, 200_000)
		assert.True(t, logs.stdout() == flood+"out"+c, "stdout of run %s: %d bytes", c, len(logs.stdout()))
		assert.True(t, logs.stderr() == flood+"err"+c, "stderr of run %s: %d bytes", c, len(logs.stderr()))
	}
}

func TestLogs_OfTheImportGoToTheFirstRun(t *testing.T) {
	p := start(t, bash(`echo imported; echo warned >&2; `+ack+`while read -r line; do echo run; echo "$line" >&3; done`))
	_, first, err := run(t, p, "{}")
	require.NoError(t, err)
	assert.Equal(t, "imported\nrun\n", first.stdout())
	assert.Equal(t, "warned\n", first.stderr())
	_, second, err := run(t, p, "{}")
	require.NoError(t, err)
	assert.Equal(t, "run\n", second.stdout())
	assert.Empty(t, second.stderr())
}

func TestLogs_BetweenRunsAreKeptForTheNext(t *testing.T) {
	dir := t.TempDir()
	p := start(t, bash(ack+`read -r line; echo 1 >&3
		while ! [ -e `+dir+`/go ]; do sleep 0.01; done
		echo between; head -c 300000 /dev/zero | tr '\0' x; touch `+dir+`/done
		read -r line; echo run; echo 2 >&3; read -r line`))
	_, first, err := run(t, p, "{}")
	require.NoError(t, err)
	touch(t, dir+"/go")
	eventually(t, func() bool { return exists(dir + "/done") }, "an idle process is not blocked by its logs")
	_, second, err := run(t, p, "{}")
	require.NoError(t, err)
	assert.Empty(t, first.stdout())
	kept, rest := second.stdout()[:64<<10], second.stdout()[64<<10:]
	assert.Equal(t, "between\n"+strings.Repeat("x", 64<<10-8), kept)
	assert.True(t, strings.HasSuffix(rest, "run\n"))
	assert.Less(t, len(rest), 70<<10, "what was in the pipe at most")
}

func TestLogs_OfAFailedStart(t *testing.T) {
	logs := &sink{}
	_, err := process.Start(t.Context(), newBox(t).Group(nil), bash(`echo trying; echo failed >&2; exit 1`), logs)
	require.ErrorIs(t, err, process.ErrExited)
	assert.Equal(t, "trying\n", logs.stdout())
	assert.Equal(t, "failed\n", logs.stderr())
}

func TestLogs_AreLive(t *testing.T) {
	dir := t.TempDir()
	p := start(t, bash(ack+`read -r line; echo live; while ! [ -e `+dir+`/go ]; do sleep 0.01; done; echo 1 >&3; read -r line`))
	logs, done := &sink{}, make(chan error, 1)
	go func() { _, err := p.Run(t.Context(), []byte("{}\n"), logs); done <- err }()
	eventually(t, func() bool { return logs.stdout() == "live\n" }, "the log comes during the run")
	touch(t, dir+"/go")
	require.NoError(t, <-done)
}
