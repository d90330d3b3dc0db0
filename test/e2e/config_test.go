package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// write replaces a file in one step, as a careful operator does.
func write(t testing.TB, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

// configured starts a server with a configuration file.
func configured(t *testing.T, text string, args ...string) (server *harness.Process, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "servermode.yaml")
	write(t, file, text)
	return harness.Server(t, append([]string{"--config", file}, args...)...), file
}

// said counts a message in a server's log.
func said(server *harness.Process, message string) int {
	return strings.Count(server.Stderr.String(), `"msg":"`+message+`"`)
}

// hangUp sends SIGHUP and waits for what the server says to it.
func hangUp(t *testing.T, server *harness.Process, answer string) {
	t.Helper()
	before := said(server, answer)
	require.NoError(t, server.Cmd.Process.Signal(syscall.SIGHUP))
	harness.Eventually(t, func() bool { return said(server, answer) > before }, answer)
}

const (
	reloaded    = "reloaded"
	notReloaded = "not reloaded, everything stays as it was"
)

func get(t *testing.T, url, token string) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

// The example, and what it has behind a #, are settings of this server.
func TestServer_ExampleConfigurationWorks(t *testing.T) {
	text, err := os.ReadFile("../../examples/servermode.yaml")
	require.NoError(t, err)
	server, _ := configured(t, string(text))
	assert.Equal(t, http.StatusOK, get(t, server.URL+"/readyz", ""))

	dir := t.TempDir()
	all := regexp.MustCompile(`(?m)^# ([a-z-]+:) `).ReplaceAllString(string(text), "$1 ")
	require.Contains(t, all, "\ntoken-file: /etc")
	file := filepath.Join(dir, "all.yaml")
	write(t, file, strings.ReplaceAll(all, "/etc/whiskaway/tokens", filepath.Join(dir, "none")))
	_, stderr, code := run(t, "servermode", "--config", file)
	assert.Equal(t, 78, code, stderr)
	assert.Contains(t, stderr, "--token-file", "the keys are right, what they name is not there")
}

func TestServer_BadConfigurationIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "servermode.yaml")
	for name, c := range map[string]struct{ text, says string }{
		"unknown key": {"keepalive: 5m\n", "line 1: keepalive is no setting; did you mean keep-alive?"},
		"wrong type":  {"queue: [1]\n", "queue must be a whole number above 0, not a list"},
		"bad value":   {"log-level: loud\n", `log-level must be one of debug, info, warn, error, not "loud"`},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, file, c.text)
			_, stderr, code := run(t, "servermode", "--config", file, "--listen=127.0.0.1:0", "--state-dir="+harness.StateDir(t))
			assert.Equal(t, 78, code)
			assert.Contains(t, stderr, file)
			assert.Contains(t, stderr, c.says)
		})
	}
}

func TestServer_HangUpReloads(t *testing.T) {
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens")
	write(t, tokens, "aaaaaaaaaaaaaaaa\n")
	server, file := configured(t, "token-file: "+tokens+"\nlog-level: warn\n", "--log-level=info")
	assert.Equal(t, http.StatusOK, get(t, server.URL+"/functions", "aaaaaaaaaaaaaaaa"))

	write(t, tokens, "bbbbbbbbbbbbbbbb\n")
	hangUp(t, server, reloaded)
	assert.Equal(t, http.StatusUnauthorized, get(t, server.URL+"/functions", "aaaaaaaaaaaaaaaa"))
	assert.Equal(t, http.StatusOK, get(t, server.URL+"/functions", "bbbbbbbbbbbbbbbb"))

	for text, says := range map[string]string{
		"token-file: " + tokens + "\nque: 7\n": "line 2: que is no setting",
		"token-file: /nowhere\n":               "/nowhere",
		"queue: [\n":                           file,
	} {
		write(t, file, text)
		hangUp(t, server, notReloaded)
		assert.Contains(t, server.Stderr.String(), says)
		assert.Equal(t, http.StatusOK, get(t, server.URL+"/functions", "bbbbbbbbbbbbbbbb"))
		assert.Equal(t, http.StatusUnauthorized, get(t, server.URL+"/functions", ""))
	}
	write(t, file, "listen: 127.0.0.1:1\npython: /usr/bin/python3\ngrace: 1s\nlog-format: human\n")
	hangUp(t, server, reloaded)
	assert.Contains(t, server.Stderr.String(), `"settings":["python"]`)
	assert.Contains(t, server.Stderr.String(), `"settings":["grace","log-format"]`)
	assert.Equal(t, http.StatusOK, get(t, server.URL+"/functions", ""), "no token file any more")
	require.NoError(t, server.Signal(syscall.SIGTERM))
}

func TestServer_LogLevelChangesWhileItServes(t *testing.T) {
	server, file := configured(t, "log-level: info\n")
	assert.Equal(t, http.StatusNotFound, harness.Post(t, server.URL+"/run", harness.M{"value": "x", "actionCodeHash": "none"}).Status)
	assert.NotContains(t, server.Stderr.String(), `"level":"debug"`)
	write(t, file, "log-level: debug\n")
	hangUp(t, server, reloaded)
	harness.Post(t, server.URL+"/run", harness.M{"value": "x", "actionCodeHash": "none"})
	harness.Eventually(t, func() bool { return strings.Contains(server.Stderr.String(), `"level":"debug"`) }, "debug entries")
}

// Settings, tokens and limits change fifty times while runs go on.
func TestServer_ReloadsUnderLoad(t *testing.T) {
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens")
	write(t, tokens, "aaaaaaaaaaaaaaaa\n")
	file := "token-file: " + tokens + "\n"
	server, path := configured(t, file)
	clients := []*harness.Process{}
	for n := range 3 {
		client := harness.Client(t, server.URL, "python:3", "--token-file="+tokens)
		harness.Init(t, client, identify, harness.M{"SECRET": fmt.Sprint(n)})
		clients = append(clients, client)
	}
	var stop atomic.Bool
	counts := make(chan int)
	for n, client := range clients {
		go func() {
			runs := 0
			for ; !stop.Load() || runs == 0; runs++ {
				a, err := harness.TryPost(client.URL+"/run", harness.M{"value": harness.M{}, "activation_id": fmt.Sprint(n, "-", runs)})
				if !assert.NoError(t, err) || !assert.Equal(t, http.StatusOK, a.Status, a.Body) {
					break
				}
			}
			counts <- runs
		}()
	}
	for n := range 50 {
		write(t, tokens, fmt.Sprintf("aaaaaaaaaaaaaaaa\nbbbbbbbbbbbbbb%02d other\n", n))
		write(t, path, file+[]string{"keep-alive: 5m\nqueue: 1\nmax-run: 1m\n", "lease: 1h\nqueue: 100\nlog-level: warn\nque: 1\n"}[n%2])
		hangUp(t, server, []string{reloaded, notReloaded}[n%2])
	}
	stop.Store(true)
	for range clients {
		assert.Positive(t, <-counts)
	}
	assert.Equal(t, 25, said(server, reloaded))
}
