package servermode_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

func TestPlain_TheSameActivationJoinsAndAnotherIsRefused(t *testing.T) {
	p := newPlainRig(t, servermode.Config{})
	p.mustFill(echo)
	body := activationBody("a", `"count"`)
	one := p.async(runtimespec.PathRun, body)
	p.eventually(func() bool { return p.Waiting() == 1 })
	two := p.async(runtimespec.PathRun, body)
	p.eventually(func() bool { return p.Waiting() == 2 })
	for _, other := range []string{activationBody("b", `{}`), `{}`, `no json`} {
		p.refused(p.post(runtimespec.PathRun, other), http.StatusForbidden, notReady)
	}
	p.sentinels(0)
	assert.Equal(t, `{"n":1}`, (<-one).body)
	assert.Equal(t, `{"n":1}`, (<-two).body)
	p.sentinels(1)
	p.activate("a", `{}`) // the first has ended, so this is a new run
	p.sentinels(2)
}

// gated is a function whose start waits for a file.
func gated(t *testing.T) (code string, open func()) {
	gate := filepath.Join(harness.OpenDir(t), "gate")
	return "#!/bin/bash\nuntil [ -e " + gate + " ]; do sleep 0.01; done\n" + strings.TrimPrefix(echo, "#!/bin/bash\n"),
		func() { require.NoError(t, os.WriteFile(gate, nil, 0o644)) }
}

func TestPlain_TheSameInitJoinsAndAnotherIsRefused(t *testing.T) {
	p := newPlainRig(t, servermode.Config{NativeGrace: time.Minute})
	code, open := gated(t)
	one := p.async(runtimespec.PathInit, codeBody(code, nil))
	p.eventually(func() bool { return p.PlainWaiting() == 1 })
	two := p.async(runtimespec.PathInit, codeBody(code, nil))
	p.eventually(func() bool { return p.PlainWaiting() == 2 })
	p.refused(p.post(runtimespec.PathInit, codeBody(echo, nil)), http.StatusForbidden, initTwice)
	p.refused(p.post(runtimespec.PathRun, `{}`), http.StatusInternalServerError, noAction)
	open()
	assert.Equal(t, http.StatusOK, (<-one).status)
	assert.Equal(t, http.StatusOK, (<-two).status)
	p.sentinels(1) // the early run's
	p.activate("a", `{}`)
}

func TestPlain_StopEndsAnInit(t *testing.T) {
	p := newPlainRig(t, servermode.Config{NativeGrace: time.Minute})
	code, open := gated(t)
	for range 2 {
		starting := p.async(runtimespec.PathInit, codeBody(code, nil))
		p.eventually(func() bool { return p.PlainWaiting() == 1 })
		assert.Equal(t, http.StatusOK, p.post(runtimespec.PathStop, "").status)
		assert.Equal(t, http.StatusBadGateway, (<-starting).status)
		p.eventually(func() bool { return len(p.functions()) == 0 && len(p.folders()) == 0 })
	}
	p.sentinels(2)
	open()
	p.mustFill(code)
}

func TestPlain_HangingUpEndsTheWork(t *testing.T) {
	p := newPlainRig(t, servermode.Config{NativeGrace: time.Minute})
	code, open := gated(t)
	p.hangUp(runtimespec.PathInit, codeBody(code, nil), func() bool { return len(p.folders()) == 1 })
	p.eventually(func() bool { return p.PlainWaiting() == 0 && len(p.folders()) == 0 })
	p.sentinels(1)
	open()
	p.mustFill(code)
	pid := pidOf(t, got{body: p.activate("a", `"pid"`)})
	p.hangUp(runtimespec.PathRun, activationBody("b", `"sleep"`), func() bool { return strings.Contains(p.stdout.String(), "sleeping") })
	p.eventually(func() bool { return !alive(pid) && p.Waiting() == 0 })
	p.sentinels(3)
	p.activate("c", `{}`)
}

func TestPlain_KeepsThePlatformsDeadline(t *testing.T) {
	p := newPlainRig(t, servermode.Config{})
	p.mustFill(echo)
	late := func(deadline time.Time, value string) got {
		return p.post(runtimespec.PathRun, `{"value":`+value+`,"deadline":"`+strconv.FormatInt(deadline.UnixMilli(), 10)+`"}`)
	}
	a := late(time.Now().Add(time.Second), `"sleep"`)
	p.refused(a, http.StatusBadGateway, "The action exceeded its time limits of 1000 milliseconds.")
	assert.Equal(t, "sleeping\n"+ended, p.stdout.String())
	assert.Equal(t, http.StatusOK, late(time.Now().Add(-time.Hour), `{}`).status, "clocks disagree")
	p.sentinels(2)
}

// A 503 would make the platform send an activation again, or drop it.
func TestPlain_NeverAnswers503(t *testing.T) {
	p := newPlainRig(t, servermode.Config{Instances: 1, Queue: 1, Environ: []string{"__OW_ALLOW_CONCURRENT=true"}})
	p.mustFill(echo)
	var running []<-chan got
	for _, id := range []string{"a", "b"} {
		running = append(running, p.async(runtimespec.PathRun, activationBody(id, `"count"`)))
		p.eventually(func() bool { return p.Waiting() == len(running) })
	}
	p.eventually(func() bool { return p.functions()[0].Waiting == 1 })
	p.refused(p.post(runtimespec.PathRun, activationBody("c", `{}`)), http.StatusBadGateway, "the function's queue is full")
	for n, run := range running {
		assert.Equal(t, `{"n":`+itoa(n+1)+`}`, (<-run).body)
	}
	p.sentinels(3)
}

func TestPlain_ALogIsBounded(t *testing.T) {
	p := newPlainRig(t, servermode.Config{MaxLog: 10_000})
	p.mustFill(echo)
	p.activate("a", `"flood"`)
	assert.Equal(t, strings.Repeat("\n", 10_001)+"Logs were truncated because their total size exceeds the limit of 10000 bytes.\n"+ended, p.stdout.String())
}

// stuck is a stream that is not read until it is opened.
type stuck struct {
	harness.Buffer
	open chan struct{}
}

func (s *stuck) Write(text []byte) (int, error) {
	<-s.open
	return s.Buffer.Write(text)
}

func TestPlain_AnUnreadStreamDelaysOnlyTheAnswer(t *testing.T) {
	out := &stuck{open: make(chan struct{})}
	p := newPlainRig(t, servermode.Config{Stdout: out})
	p.mustFill(echo)
	running := p.async(runtimespec.PathRun, activationBody("a", `"flood"`))
	p.eventually(func() bool { return p.functions()[0].Instances[0].Runs == 1 })
	pid := p.functions()[0].Instances[0].PID
	assert.True(t, alive(pid))
	assert.Equal(t, http.StatusOK, p.post(runtimespec.PathStop, "").status)
	p.eventually(func() bool { return !alive(pid) && len(p.folders()) == 0 })
	assert.Empty(t, running)
	close(out.open)
	assert.Equal(t, http.StatusOK, (<-running).status)
	assert.True(t, strings.HasSuffix(out.String(), ended))
}
