package servermode_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode"
)

const (
	noAction  = "no action defined yet"
	initTwice = "Cannot initialize the action more than once."
	notReady  = "System not ready, status is running."
)

func TestPlain_IsOneContainer(t *testing.T) {
	p := newPlainRig(t, servermode.Config{Environ: []string{"__OW_API_HOST=https://here", "CANARY=x", "__OW_DEADLINE=1"}})
	p.refused(p.post(runtimespec.PathRun, activationBody("1", `{}`)), http.StatusInternalServerError, noAction)
	p.sentinels(1)
	p.mustFill(echo)
	p.sentinels(1)
	assert.Contains(t, p.activate("2", `"env"`), `"canary":"","host":"https://here"`)
	p.activate("3", `"log"`)
	assert.Equal(t, ended+ended+"out\n"+ended, p.stdout.String())
	assert.Equal(t, ended+ended+"err\n"+ended, p.stderr.String())
	p.refused(p.post(runtimespec.PathInit, codeBody(echo, nil)), http.StatusForbidden, initTwice)
	assert.Contains(t, p.stderr.String(), ended+`{"error":"`+initTwice+`"}`+"\n")
	p.sentinels(3)
	require.Len(t, p.functions(), 1)
	assert.Equal(t, 1, p.functions()[0].Leases)
}

// A caller with headers and one without get the same function, by its identity.
func TestPlain_SharesTheTable(t *testing.T) {
	p := newPlainRig(t, servermode.Config{PlainKind: "native"})
	f := newTarget("native", echo, nil)
	p.mustInit(f)
	p.mustFill(echo)
	assert.Len(t, p.functions(), 1)
	p.post(runtimespec.PathStop, "")
	assert.Equal(t, `{"value":1}`, p.run(f, "", `1`).body, "its own lease is there")
	p.sentinels(0)
}

func TestPlain_FailedInitLeavesTheSlotFree(t *testing.T) {
	p := newPlainRig(t, servermode.Config{})
	for n, body := range []string{``, `{"value":{}}`, `{"value":{"code":"neither"}}`, codeBody("#!/bin/bash\nexit 1\n", nil), codeBody(echo, map[string]string{"=": "x"})} {
		a := p.post(runtimespec.PathInit, body)
		assert.GreaterOrEqual(t, a.status, 400, body)
		assert.Contains(t, a.body, `{"error":"`)
		p.sentinels(n + 1)
		assert.True(t, n == 2 || n == 3 || strings.Contains(p.stderr.String(), a.body), "the author is told where authors look")
	}
	p.mustFill(echo)
	assert.Empty(t, p.stdout.String()[5*len(ended):])
}

func TestPlain_UnknownKindIsNamed(t *testing.T) {
	p := newPlainRig(t, servermode.Config{PlainKind: "cobol:85"})
	a := p.post(runtimespec.PathInit, codeBody(echo, nil))
	assert.Equal(t, http.StatusBadGateway, a.status)
	assert.Contains(t, a.body, "cobol:85")
}

func TestPlain_StopFreesTheSlot(t *testing.T) {
	p := newPlainRig(t, servermode.Config{})
	for _, mine := range []string{"one", "two"} {
		a := p.post(runtimespec.PathInit, codeBody(echo, map[string]string{"MINE": mine}))
		require.Equal(t, http.StatusOK, a.status, a.body)
		assert.Contains(t, p.activate("a", `"env"`), `"mine":"`+mine+`"`)
		for range 2 {
			assert.Equal(t, http.StatusOK, p.post(runtimespec.PathStop, `{}`).status, "idempotent")
		}
		assert.Empty(t, p.functions())
		p.refused(p.post(runtimespec.PathRun, `{}`), http.StatusInternalServerError, noAction)
	}
	p.eventually(func() bool { return len(p.folders()) == 0 })
}

func TestPlain_StopLetsTheRunFinish(t *testing.T) {
	p := newPlainRig(t, servermode.Config{})
	p.mustFill(echo)
	running := p.async(runtimespec.PathRun, activationBody("a", `"count"`))
	p.eventually(func() bool { return p.Waiting() == 1 })
	assert.Equal(t, http.StatusOK, p.post(runtimespec.PathStop, "").status)
	p.mustFill(echo)
	assert.Equal(t, `{"n":1}`, (<-running).body)
	p.activate("b", `{}`)
}

func TestPlain_ALostFunctionFreesTheSlot(t *testing.T) {
	p := newPlainRig(t, servermode.Config{Lease: 50 * time.Millisecond})
	gone := func() bool { return len(p.functions()) == 0 }
	p.mustFill(echo)
	p.eventually(gone)
	p.refused(p.post(runtimespec.PathRun, `{}`), http.StatusInternalServerError, noAction)
	p.sentinels(1)
	p.mustFill(echo)
	p.eventually(gone)
	p.mustFill(echo) // without a run in between
}

func TestPlain_TenantsHaveSlotsOfTheirOwn(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte("aaaaaaaaaaaaaaaa alice\nbbbbbbbbbbbbbbbb bob\n"), 0o600))
	p := newPlainRig(t, servermode.Config{TokenFile: tokens})
	for _, path := range []string{runtimespec.PathInit, runtimespec.PathRun, runtimespec.PathStop} {
		assert.Equal(t, http.StatusUnauthorized, p.post(path, codeBody(echo, nil)).status)
	}
	p.sentinels(0)
	tenants := []string{"aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"}
	slow := strings.Replace(echo, `*'"log"'*)`, `*'"slow"'*) echo starts; sleep 0.3; echo x >>"$TMPDIR/n"; echo ends; echo "{\"n\":$(wc -l <"$TMPDIR/n")}" >&3 ;;
  *'"log"'*)`, 1)
	for _, p.token = range tenants {
		p.mustFill(slow)
	}
	var running []<-chan got
	for _, p.token = range tenants { // the same id, at the same time
		before := p.Waiting()
		running = append(running, p.async(runtimespec.PathRun, activationBody("same", `"slow"`)))
		p.eventually(func() bool { return p.Waiting() > before })
	}
	for _, run := range running {
		assert.Equal(t, `{"n":1}`, (<-run).body, "a process each")
	}
	assert.Equal(t, strings.Repeat("starts\nends\n"+ended, 2), p.stdout.String(), "each log in one piece")
	p.token = tenants[0]
	p.post(runtimespec.PathStop, "")
	p.refused(p.post(runtimespec.PathRun, `{}`), http.StatusInternalServerError, noAction)
	p.token = tenants[1]
	p.activate("b", `{}`)
	p.sentinels(4)
}

func TestPlain_AWebPageIsRefused(t *testing.T) {
	p := newPlainRig(t, servermode.Config{})
	for _, header := range []http.Header{{"Origin": {"null"}}, {"Sec-Fetch-Site": {"cross-site"}}} {
		a := p.send(runtimespec.PathInit, header, []byte(codeBody(echo, nil)))
		assert.Equal(t, http.StatusForbidden, a.status)
	}
	assert.Empty(t, p.functions())
}

// A body in another dialect does not reach the plain slot.
func TestDialect_IsToldByTheBody(t *testing.T) {
	p := newPlainRig(t, servermode.Config{})
	p.mustFill(echo)
	p.post(runtimespec.PathStop, `{"actionCodeHash":"x","proxiedActionID":"y"}`)
	assert.Contains(t, p.activate("a", `{"actionCodeHash":"x"}`), "actionCodeHash", "below the top level it is the action's")
	a := p.send(runtimespec.PathRun, nil, []byte(`{"value":{},"actionCodeHash":"x"}`))
	assert.NotContains(t, a.body, "value")
}
