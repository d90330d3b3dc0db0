package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/test/harness"
)

// direct sends an init to a server as a client container would, and returns the
// refusal's reason: a client would try again for long.
func direct(t *testing.T, server *harness.Process, code string, binary bool, timeout string) (harness.Answer, runtimespec.Reason) {
	t.Helper()
	init := &runtimespec.InitBody{Code: []byte(code)}
	spec := runtimespec.Function{Main: "main", Binary: binary, Code: init.Digest(), Env: map[string]string{}}
	body := harness.M{"value": harness.M{"main": "main", "binary": binary, "code": code, "env": harness.M{}}}
	a, err := harness.Send(server.URL+runtimespec.PathInit, http.Header{
		runtimespec.HeaderFunction: {spec.Identity().String()},
		runtimespec.HeaderLease:    {"0b9d3c52-7a5e-4c1f-9d0e-2f6a8b1c4d3e"},
		runtimespec.HeaderTimeout:  {timeout},
	}, body)
	require.NoError(t, err)
	return a, runtimespec.Reason(a.Header.Get(runtimespec.HeaderReason))
}

// recovers requires that something succeeds again without help once its
// obstacle is gone.
func recovers(t *testing.T, again func() bool) {
	t.Helper()
	harness.Eventually(t, again, "recovery")
}

// A full disk fails what needs room, clearly and as not started. What runs
// continues, and with room again everything works.
func TestServer_DiskFull(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount the small disk that this fills")
	}
	dir := harness.OpenDir(t)
	require.NoError(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=8m,mode=0755"))
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	server := harness.Start(t, "servermode", nil, "--listen=127.0.0.1:0", "--state-dir="+filepath.Join(dir, "state"))
	client := harness.Client(t, server.URL, "python:3")
	harness.Init(t, client, identify, nil)
	first := pid(t, harness.Run(t, client, "a", nil))

	filler := filepath.Join(dir, "filler")
	f, err := os.Create(filler)
	require.NoError(t, err)
	block := make([]byte, 1<<16)
	for err == nil {
		_, err = f.Write(block)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, f.Close())

	source := "def main(args):\n    return {'padding': '" + strings.Repeat("x", 1<<20) + "'}\n"
	a, reason := direct(t, server, source, false, "20000")
	assert.Equal(t, runtimespec.HostFailed, reason, a.Body)
	assert.True(t, reason.NotStarted())
	assert.Contains(t, a.Body, "the server's disk is full")
	assert.Equal(t, first, pid(t, harness.Run(t, client, "b", nil)), "what runs goes on")

	require.NoError(t, os.Remove(filler))
	recovers(t, func() bool { a, _ := direct(t, server, source, false, "20000"); return a.Status == http.StatusOK })
	assert.Len(t, harness.Functions(t, server), 2)
}

// Without a free descriptor a start fails as not started; with some, it works.
func TestServer_DescriptorsExhausted(t *testing.T) {
	server := harness.Server(t)
	client := harness.Client(t, server.URL, "python:3")
	harness.Init(t, client, identify, nil)
	first := pid(t, harness.Run(t, client, "a", nil))
	var before unix.Rlimit
	open, err := os.ReadDir("/proc/" + strconv.Itoa(server.Cmd.Process.Pid) + "/fd")
	require.NoError(t, err)
	require.NoError(t, unix.Prlimit(server.Cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &before))
	limit := unix.Rlimit{Cur: uint64(len(open) + 3), Max: before.Max}
	require.NoError(t, unix.Prlimit(server.Cmd.Process.Pid, unix.RLIMIT_NOFILE, &limit, nil))
	a, reason := direct(t, server, identify, false, "20000")
	assert.Equal(t, runtimespec.HostFailed, reason, a.Body)
	assert.Contains(t, a.Body, "the server cannot open more files")
	assert.Equal(t, first, pid(t, harness.Run(t, client, "b", nil)))

	require.NoError(t, unix.Prlimit(server.Cmd.Process.Pid, unix.RLIMIT_NOFILE, &before, nil))
	recovers(t, func() bool { a, _ := direct(t, server, identify, false, "20000"); return a.Status == http.StatusOK })
}

// A function that never says that it is ready is ended at its time limit, with
// a cause that its author can use, and no other function is affected.
func TestServer_ProcessThatNeverAcks(t *testing.T) {
	server := harness.Server(t)
	client := harness.Client(t, server.URL, "python:3")
	harness.Init(t, client, identify, nil)
	stuck := "import time\nprint('importing for ever', flush=True)\nwhile True:\n    time.sleep(1000)\ndef main(args):\n    return {}\n"
	answer := make(chan runtimespec.Reason, 1)
	go func() { _, reason := direct(t, server, stuck, false, "1500"); answer <- reason }()
	harness.Eventually(t, func() bool { return len(harness.Functions(t, server)) == 2 }, "it is being started")
	pid(t, harness.Run(t, client, "a", nil))
	assert.Equal(t, runtimespec.TimedOut, <-answer)
	harness.Eventually(t, func() bool { return len(harness.Functions(t, server)) == 1 }, "nothing is left of it")
}
