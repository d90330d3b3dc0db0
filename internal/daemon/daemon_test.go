package daemon_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/daemon"
)

// service is what the re-executed test binary runs.
type service string

func (s service) Addr() string { return "nowhere" }

func (s service) Start() error {
	switch s {
	case "misconfigured":
		return fmt.Errorf("%w: no\nand more", daemon.ErrConfig)
	case "unlucky":
		return errors.New("no")
	}
	return nil
}

func (s service) Stop(ctx context.Context) error {
	switch s {
	case "endless":
		<-ctx.Done()
		return ctx.Err()
	case "broken":
		return errors.New("no")
	}
	return nil
}

// reloading is a service that can reload; the second time it fails.
type reloading struct {
	service
	times *int
}

func (reloading) CanReload() bool { return true }

func (r reloading) Reload() error {
	if *r.times++; *r.times == 2 {
		return fmt.Errorf("%w: no", daemon.ErrConfig)
	}
	return nil
}

const variable = "DAEMON_TEST_SERVICE"

func TestMain(m *testing.M) {
	name, grace := os.Getenv(variable), time.Minute
	switch name {
	case "":
		goleak.VerifyTestMain(m)
		return
	case "impatient":
		name, grace = "endless", time.Millisecond
	}
	log, err := daemon.NewLog("info", "stderr")
	if err != nil {
		panic(err)
	}
	if name == "reloading" {
		os.Exit(daemon.Run(reloading{"good", new(int)}, grace, log, daemon.Stderr))
	}
	os.Exit(daemon.Run(service(name), grace, log, daemon.Stderr))
}

func TestRun_ExitCodes(t *testing.T) {
	term, interrupt, hangup := syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP
	for name, c := range map[string]struct {
		service string
		signals []syscall.Signal
		code    int
		said    []string
	}{
		"cannot start":          {"unlucky", nil, daemon.ExitFailed, []string{"cannot start"}},
		"ends when told":        {"good", []syscall.Signal{term}, daemon.ExitOK, []string{"serving", "draining", "ended"}},
		"ends when interrupted": {"good", []syscall.Signal{interrupt}, daemon.ExitOK, []string{"serving", "draining", "ended"}},
		"cannot end":            {"broken", []syscall.Signal{term}, daemon.ExitFailed, []string{"serving", "draining", "ended before everything had finished"}},
		"out of grace":          {"impatient", []syscall.Signal{term}, daemon.ExitFailed, []string{"serving", "draining", "ended before everything had finished"}},
		"second signal ends it": {"endless", []syscall.Signal{term, interrupt}, daemon.ExitFailed, []string{"serving", "draining", "ending at once", "ended before everything had finished"}},
		"reloads":               {"reloading", []syscall.Signal{hangup, hangup, hangup, term}, daemon.ExitOK, []string{"serving", "reloaded", "not reloaded, everything stays as it was", "reloaded", "draining", "ended"}},
		"cannot reload":         {"good", []syscall.Signal{hangup}, -1, []string{"serving"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), variable+"="+c.service, "GORACE=atexit_sleep_ms=0")
			stderr, err := cmd.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			killer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
			defer killer.Stop()
			var said []string
			signals := c.signals
			for lines := bufio.NewScanner(stderr); lines.Scan(); {
				var entry struct{ Msg string }
				require.NoError(t, json.Unmarshal(lines.Bytes(), &entry), lines.Text())
				said = append(said, entry.Msg)
				if entry.Msg != "ending at once" && len(signals) > 0 {
					require.NoError(t, cmd.Process.Signal(signals[0]))
					signals = signals[1:]
				}
			}
			_ = cmd.Wait()
			assert.Equal(t, c.code, cmd.ProcessState.ExitCode())
			assert.Equal(t, c.said, said)
		})
	}
}

// Whatever the log looks like, an error in the configuration is one line for a
// reader.
func TestRun_AWrongConfigurationIsOneLineForAReader(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), variable+"=misconfigured", "GORACE=atexit_sleep_ms=0")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.Error(t, cmd.Run())
	assert.Equal(t, daemon.ExitConfig, cmd.ProcessState.ExitCode())
	assert.Equal(t, filepath.Base(os.Args[0])+": configuration: no; and more\n", stderr.String())
}

func TestRun_LeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	done := make(chan int, 1)
	go func() { done <- daemon.Run(signalled{}, time.Minute, zap.NewNop(), daemon.Stderr) }()
	assert.Equal(t, daemon.ExitOK, <-done)
	goleak.VerifyNone(t, before, goleak.IgnoreTopFunction("os/signal.signal_recv"))
}

// signalled sends its own process the signal, once it is listened for.
type signalled struct{ service }

func (signalled) Addr() string {
	_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
	return ""
}

func TestNewLog_WritesJSONLinesToAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log, err := daemon.NewLog("warn", path)
	require.NoError(t, err)
	log.Info("not this")
	log.Warn("this", zap.Int("n", 1))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var entry map[string]any
	require.NoError(t, json.Unmarshal(text, &entry), "one line")
	assert.Equal(t, "this", entry["msg"])
	assert.Equal(t, "warn", entry["level"])
	assert.EqualValues(t, 1, entry["n"])
	_, err = time.Parse("2006-01-02T15:04:05.000Z0700", entry["ts"].(string))
	assert.NoError(t, err)
}

func TestNewLogIn_WritesForAReaderWhereItIsTold(t *testing.T) {
	for format, want := range map[string]string{
		daemon.LogHuman: `^\d\d:\d\d:\d\d\.\d\d\d  INFO  serving  \{"address": "here", "took": "1.5s"\}\n$`,
		daemon.LogJSON:  `^\{"level":"info",.*"msg":"serving".*\}\n$`,
		daemon.LogAuto:  `^\{"level":"info",.*"msg":"serving".*\}\n$`, // it is no terminal
	} {
		path := filepath.Join(t.TempDir(), "log")
		log, err := daemon.NewLogIn(format, zap.NewAtomicLevel(), path)
		require.NoError(t, err)
		log.Named("balancer").Info("serving", zap.String("address", "here"), zap.Duration("took", 1500*time.Millisecond))
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Regexp(t, want, string(text), format)
	}
	_, err := daemon.NewLogIn("xml", zap.NewAtomicLevel(), filepath.Join(t.TempDir(), "log"))
	assert.ErrorContains(t, err, "log format")
}

func TestVersion_SaysByWhatAndForWhat(t *testing.T) {
	assert.Regexp(t, `^\S+.* \(go\d\S* \w+/\w+\)$`, daemon.Version())
}

func TestNewLog_RefusesWhatItCannotDo(t *testing.T) {
	_, err := daemon.NewLog("loud", "stderr")
	assert.ErrorContains(t, err, "log level")
	_, err = daemon.NewLog("info", filepath.Join(t.TempDir(), "none", "log"))
	assert.Error(t, err)
	log, err := daemon.NewLog("info", "")
	require.NoError(t, err)
	assert.False(t, log.Core().Enabled(zap.ErrorLevel), "no path, no log")
}
