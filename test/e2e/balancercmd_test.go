package e2e_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

func TestBalancer_ExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"usage":     {[]string{"--no-such-flag"}, 2},
		"no policy": {[]string{"--policy=best"}, 2},
		"no server": {nil, 2},
		"twice":     {[]string{"--server=a:1", "--server=a:1"}, 2},
		"itself":    {[]string{"--listen=127.0.0.1:18099", "--server=127.0.0.1:18099"}, 2},
		"exposed":   {[]string{"--listen=0.0.0.0:0", "--server=a:1"}, 2},
		"no file":   {[]string{"--config=/does/not/exist"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			err := exec.Command(filepath.Join(harness.Bins, "loadbalancer"), append(c.args, "--state-dir="+harness.StateDir(t))...).Run()
			var exit *exec.ExitError
			require.True(t, errors.As(err, &exit), "%v", err)
			assert.Equal(t, c.code, exit.ExitCode())
		})
	}
	one := harness.Balancer(t, "http://127.0.0.1:1")
	assert.NoError(t, one.Signal(syscall.SIGTERM))
}

func TestBalancer_Healthcheck(t *testing.T) {
	b := harness.Balancer(t, "http://127.0.0.1:1")
	address := "--listen=" + strings.TrimPrefix(b.URL, "http://")
	_, stderr, code := run(t, "loadbalancer", "healthcheck", address)
	assert.Equal(t, 0, code, stderr)
	b.Kill()
	_, stderr, code = run(t, "loadbalancer", "healthcheck", address)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "healthcheck")
}

func TestBalancer_HangUpReloadsItsServers(t *testing.T) {
	one, other := harness.Server(t), harness.Server(t)
	file := filepath.Join(t.TempDir(), "loadbalancer.yaml")
	list := func(url string) {
		require.NoError(t, os.WriteFile(file, []byte("server: ["+url+"]\n"), 0o600))
	}
	list(one.URL)
	b := harness.Start(t, "loadbalancer", nil, "--listen=127.0.0.1:0", "--state-dir="+harness.StateDir(t), "--config="+file)
	list(other.URL)
	require.NoError(t, b.Cmd.Process.Signal(syscall.SIGHUP))
	harness.Eventually(t, func() bool {
		all := harness.Servers(t, b)
		return len(all) == 1 && all[0].Server == other.URL && all[0].ID != ""
	}, "the other server is there")
	require.NoError(t, os.WriteFile(file, []byte("server: ["+other.URL+"]\ngrace: 1s\n"), 0o600))
	hangUp(t, b, reloaded)
	assert.Contains(t, b.Stderr.String(), `"settings":["grace"]`, "what only a restart changes is named")
}

// Tenants are told apart by the balancer's tokens, and servers hold them apart.
func TestBalancer_TenantsStayApartBehindIt(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	callers := write("callers", "aaaaaaaaaaaaaaaa a\nbbbbbbbbbbbbbbbb b\n")
	own := write("own", "ssssssssssssssss balancer delegate\n")
	server := harness.Server(t, "--token-file="+own)
	b := harness.Start(t, "loadbalancer", nil, "--listen=127.0.0.1:0", "--state-dir="+harness.StateDir(t),
		"--server="+server.URL, "--token-file="+callers, "--servers-token-file="+own)
	for _, tenant := range []string{"a", "b"} {
		token := write("token-"+tenant, map[string]string{"a": "aaaaaaaaaaaaaaaa", "b": "bbbbbbbbbbbbbbbb"}[tenant]+"\n")
		client := harness.Client(t, b.URL, "native", "--token-file="+token)
		harness.Init(t, client, "#!/bin/sh\nwhile read -r line; do echo '{\"ok\":1}' >&3; done\n", nil)
		assert.Equal(t, http.StatusOK, harness.Run(t, client, tenant, harness.M{}).Status)
	}
	req, err := http.NewRequest(http.MethodGet, server.URL+"/functions", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer ssssssssssssssss")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var list struct{ Functions []harness.Function }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&list))
	tenants := map[string]bool{}
	for _, f := range list.Functions {
		tenants[f.Tenant] = true
	}
	assert.Equal(t, map[string]bool{"a": true, "b": true}, tenants)
}
