package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/whiskaway/whiskaway/test/harness"
)

// rented returns a balancer with the hook of examples/hosts, which has no server at
// the start, and the folder of those that the hook starts.
func rented(t *testing.T) (balancer *harness.Process, dir string) {
	t.Helper()
	harness.Needs(t, "python3") // of which the hook is written
	hook, err := filepath.Abs("../../examples/hosts/hook.py")
	require.NoError(t, err)
	dir = harness.OpenDir(t)
	secret := filepath.Join(t.TempDir(), "join")
	require.NoError(t, os.WriteFile(secret, []byte("invited-servers-only default\n"), 0o600))
	own := t.TempDir() // the balancer's address is known when it serves
	address, wrapper := filepath.Join(own, "address"), filepath.Join(own, "hook")
	require.NoError(t, os.WriteFile(wrapper, fmt.Appendf(nil, "#!/bin/sh\nuntil [ -s %[1]s ]; do sleep 0.01; done\n"+
		"exec %[2]s --dir %[3]s --join \"$(cat %[1]s)\" --join-token-file %[4]s --servermode %[5]s -- --slots=1\n",
		address, hook, dir, secret, filepath.Join(harness.Bins, "servermode")), 0o700))
	t.Cleanup(func() {
		for _, pid := range serverPIDs(dir) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	balancer = harness.Start(t, "loadbalancer", nil, "--listen=127.0.0.1:0", "--state-dir="+harness.StateDir(t), "--join-token-file="+secret,
		"--hosts-hook="+wrapper, "--hosts-min=1", "--hosts-max=2", "--hosts-every=20ms", "--hosts-up-after=200ms", "--hosts-down-after=500ms", "--hosts-cool-down=300ms")
	require.NoError(t, os.WriteFile(address, []byte(balancer.URL), 0o600))
	t.Cleanup(func() { _ = balancer.Signal(syscall.SIGTERM) }) // waits for a hook at work
	return balancer, dir
}

// serverPIDs returns the processes that the hook has started and that are there.
func serverPIDs(dir string) (pids []int) {
	files, _ := filepath.Glob(filepath.Join(dir, "server-*", "pid"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		pid, err := strconv.Atoi(string(text))
		if command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && len(command) > 0 { // no zombie
			pids = append(pids, pid)
		}
	}
	return pids
}

// One host is there because at least one is configured. A rush makes a second
// one start, which gets part of the runs and leaves when the rush is over. No
// run fails.
func TestHosts_OneMoreComesForARushAndGoesAfterIt(t *testing.T) {
	balancer, dir := rented(t)
	harness.Eventually(t, func() bool { return taken(t, balancer) == 1 }, "the hook starts the one that there has to be")
	var clients []*harness.Process // each has one run at a time
	for range 4 {
		client := harness.Client(t, balancer.URL, "native")
		harness.Init(t, client, "#!/bin/sh\nwhile read -r line; do sleep 0.02; echo '{\"ok\":1}' >&3; done\n", nil)
		clients = append(clients, client)
	}

	var rush sync.WaitGroup
	over := make(chan struct{})
	calm := sync.OnceFunc(func() { close(over); rush.Wait() })
	defer calm()
	for c, client := range clients {
		rush.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				a, err := harness.TryPost(client.URL+"/run", harness.M{"activation_id": fmt.Sprintf("c%dn%d", c, n), "value": harness.M{}})
				if assert.NoError(t, err) {
					assert.Equal(t, http.StatusOK, a.Status, a.Body)
				}
			}
		})
	}
	harness.Eventually(t, func() bool {
		used := 0
		for _, s := range harness.Servers(t, balancer) {
			for _, f := range harness.Functions(t, &harness.Process{URL: s.Server}) {
				used += min(f.Runs, 1)
			}
		}
		return used == 2
	}, "a second host comes and gets a part of the runs")
	assert.Len(t, serverPIDs(dir), 2)
	calm()

	harness.Eventually(t, func() bool { return len(harness.Servers(t, balancer)) == 1 }, "one says goodbye")
	harness.Eventually(t, func() bool { return len(serverPIDs(dir)) == 1 }, "the hook has ended it")
	harness.Eventually(t, func() bool { return strings.Count(balancer.Stderr.String(), `"msg":"hosts: the hook is done"`) == 3 }, "up, up, down")
	assert.Equal(t, http.StatusOK, harness.Run(t, clients[0], "after", harness.M{}).Status)
	assert.NotContains(t, balancer.Stderr.String(), "the hook failed")
}

// What the manifests of examples/hosts scale on is in a balancer's metrics, and
// they are the documents that they seem to be.
func TestHosts_AutoscalersReadWhatThereIs(t *testing.T) {
	balancer := harness.Balancer(t, "http://127.0.0.1:1")
	resp, err := http.Get(balancer.URL + "/metrics")
	require.NoError(t, err)
	defer resp.Body.Close()
	metrics, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	for name, kinds := range map[string][]string{
		"../../examples/hosts/keda.yaml": {"ScaledObject"},
		"../../examples/hosts/hpa.yaml":  {"ConfigMap", "HorizontalPodAutoscaler"},
		"../../docs/autoscale.md":        nil,
	} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		named := regexp.MustCompile(`whiskaway_balancer_(fleet_|saturated_|queued)\w*`).FindAllString(string(text), -1)
		assert.NotEmpty(t, named, name)
		for _, metric := range named {
			assert.Regexp(t, "(?m)^"+metric+" 0$", string(metrics), name)
		}
		for documents := yaml.NewDecoder(bytes.NewReader(text)); len(kinds) > 0; kinds = kinds[1:] {
			var document struct{ Kind string }
			require.NoError(t, documents.Decode(&document), name)
			assert.Equal(t, kinds[0], document.Kind, name)
		}
	}
}
