package proc_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/proc"
)

// TestMain is also the process that is looked at: for each line that it reads it
// works for the time that stands in it, writes "end" to its log, and answers.
func TestMain(m *testing.M) {
	path := os.Getenv("TEST_LOG")
	if path == "" {
		os.Exit(m.Run())
	}
	log, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); fmt.Println("done") {
		work, _ := time.ParseDuration(lines.Text())
		for end := time.Now().Add(work); time.Now().Before(end); {
		}
		fmt.Fprintln(log, "end")
	}
}

type other struct {
	pid int
	in  io.Writer
	out *bufio.Reader
}

func start(t *testing.T, log string) *other {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), "TEST_LOG="+log), os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	return &other{cmd.Process.Pid, in, bufio.NewReader(out)}
}

func (o *other) do(t *testing.T, work time.Duration) {
	t.Helper()
	_, err := fmt.Fprintln(o.in, work)
	require.NoError(t, err)
	_, err = o.out.ReadString('\n')
	require.NoError(t, err)
}

func TestAppend_FileThatIsTruncatedDoesNotGrow(t *testing.T) {
	log := filepath.Join(t.TempDir(), "out-log1")
	o := start(t, log)
	read := func() string {
		text, err := os.ReadFile(log)
		require.NoError(t, err)
		require.NoError(t, os.Truncate(log, 0))
		return string(text)
	}
	o.do(t, 0)
	assert.Equal(t, "end\n", read())
	o.do(t, 0)
	assert.Equal(t, "\x00\x00\x00\x00end\n", read(), "what such a log has without it")
	n, err := proc.Append(o.pid, "err-log", "out-log")
	if os.Getuid() != 0 && err != nil {
		t.Skipf("only root may: %v", err)
	}
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	for range 3 {
		o.do(t, 0)
		assert.Equal(t, "end\n", read())
	}
	n, err = proc.Append(o.pid, "no such")
	assert.NoError(t, err)
	assert.Zero(t, n)
}

func TestCPU_IsWhatAProcessUsed(t *testing.T) {
	o := start(t, filepath.Join(t.TempDir(), "log"))
	o.do(t, 0)
	before, err := proc.CPU(o.pid)
	require.NoError(t, err)
	o.do(t, 100*time.Millisecond)
	after, err := proc.CPU(o.pid)
	require.NoError(t, err)
	assert.Greater(t, after-before, 10*time.Millisecond)
	assert.Less(t, after-before, 110*time.Millisecond)
	_, err = proc.CPU(1 << 22) // more than there can be
	assert.Error(t, err)
}

func TestPSS_IsPartOfWhatIsResident(t *testing.T) {
	o := start(t, filepath.Join(t.TempDir(), "log"))
	o.do(t, 0)
	share, err := proc.PSS(o.pid)
	require.NoError(t, err)
	resident, err := proc.Status(o.pid, "VmRSS")
	require.NoError(t, err)
	assert.Positive(t, share)
	assert.Less(t, share, resident*1.1)
}

func TestTable_HasDescendants(t *testing.T) {
	o := start(t, filepath.Join(t.TempDir(), "log"))
	var pids []int
	for _, p := range proc.Read().Descendants(os.Getpid()) {
		pids = append(pids, p.PID)
	}
	assert.Contains(t, pids, o.pid)
	assert.NotContains(t, pids, os.Getpid())
}

func TestPin_IsForWhatIsStartedToo(t *testing.T) {
	cpus := func() string {
		text, err := exec.Command("grep", "Cpus_allowed_list", "/proc/self/status").Output()
		require.NoError(t, err)
		return string(text)
	}
	before, threads := cpus(), runtime.GOMAXPROCS(0)
	undo, err := proc.Pin()
	require.NoError(t, err)
	assert.Regexp(t, `:\s*\d+\n$`, cpus())
	assert.Equal(t, 1, runtime.GOMAXPROCS(0))
	require.NoError(t, undo())
	assert.Equal(t, before, cpus())
	assert.Equal(t, threads, runtime.GOMAXPROCS(0))
}
