package process_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// sink keeps logs by stream.
type sink struct {
	mu       sync.Mutex
	out, err []byte
}

func (s *sink) Log(stream runtimespec.Stream, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stream == runtimespec.Stdout {
		s.out = append(s.out, text...)
	} else {
		s.err = append(s.err, text...)
	}
}

func (s *sink) stdout() string { s.mu.Lock(); defer s.mu.Unlock(); return string(s.out) }
func (s *sink) stderr() string { s.mu.Lock(); defer s.mu.Unlock(); return string(s.err) }

func newBox(t *testing.T) *sandbox.Sandbox {
	box := sandbox.New(strconv.FormatUint(rand.Uint64(), 36), sandbox.DefaultLimits, nil)
	t.Cleanup(box.Close)
	return box
}

// bash returns a function in a line of shell.
func bash(script string) process.Spec {
	return process.Spec{
		Path: "/bin/bash", Args: []string{"-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Dir: "/",
		WaitForAck: true, MaxResult: 1 << 20,
	}
}

const (
	ack = `echo '{"ok":true}' >&3; `
	// echo answers each line with itself.
	echo = ack + `while IFS= read -r line; do echo "$line" >&3; done`
)

func start(t *testing.T, spec process.Spec) *process.Process {
	t.Helper()
	p, err := process.Start(t.Context(), newBox(t).Group(nil), spec, &sink{})
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

// run gives a process one line and returns the result and its logs.
func run(t *testing.T, p *process.Process, line string) (string, *sink, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	s := &sink{}
	result, err := p.Run(ctx, []byte(line+"\n"), s)
	return string(result), s, err
}

// eventually polls, with no goroutine of its own to be counted.
func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(2 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "not in time: %s", what)
	}
}

func token() string { return strconv.Itoa(1_000_000_000 + rand.IntN(1_000_000_000)) }

// running counts live processes whose command line holds token.
func running(token string) (n int) {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		if line, err := os.ReadFile(path); err == nil && bytes.Contains(line, []byte(token)) {
			n++
		}
	}
	return n
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}
