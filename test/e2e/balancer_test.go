package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
	"github.com/whiskaway/whiskaway/test/harness"
)

// fleet is servers behind a balancer, and clients that run a function whose
// ledger says what was executed.
type fleet struct {
	t        *testing.T
	dir      string
	states   []string
	servers  []*harness.Process
	balancer *harness.Process
	clients  []*harness.Process
}

func newFleet(t *testing.T, servers, clients int) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: harness.OpenDir(t)}
	require.NoError(t, os.Chmod(f.dir, 0o777)) // functions are users of their own
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, "ledger"), nil, 0o600))
	require.NoError(t, os.Chmod(filepath.Join(f.dir, "ledger"), 0o666))
	var urls []string
	for range servers {
		f.states = append(f.states, harness.StateDir(t))
		f.servers = append(f.servers, nil)
		f.start(len(f.servers)-1, "127.0.0.1:0")
		urls = append(urls, f.servers[len(f.servers)-1].URL)
	}
	f.balancer = harness.Balancer(t, urls...)
	for range clients {
		client := harness.Client(t, f.balancer.URL, "native")
		harness.Init(t, client, ledgerAction, harness.M{"DIR": f.dir})
		f.clients = append(f.clients, client)
	}
	return f
}

func (f *fleet) start(i int, listen string) {
	f.t.Helper()
	f.servers[i] = harness.Start(f.t, "servermode", nil, "--listen="+listen, "--state-dir="+f.states[i], grace)
}

// restart starts a server again that has ended, and waits until it gets runs.
func (f *fleet) restart(i int) {
	f.t.Helper()
	f.start(i, strings.TrimPrefix(f.servers[i].URL, "http://"))
	f.in(len(f.servers))
}

// in waits until so many servers get runs.
func (f *fleet) in(n int) {
	f.t.Helper()
	harness.Eventually(f.t, func() bool {
		in := 0
		for _, s := range harness.Servers(f.t, f.balancer) {
			if s.State == "healthy" || s.State == "recovering" {
				in++
			}
		}
		return in == n
	}, "servers are in")
}

// load runs activations one after another with each client, until stop is
// called, which returns the answers without a result.
func (f *fleet) load() (stop func() (answered int, failed []string)) {
	var all sync.WaitGroup
	var mu sync.Mutex
	over := make(chan struct{})
	answers := map[string]harness.Answer{}
	for c, client := range f.clients {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				id := fmt.Sprintf("c%dn%d", c, n)
				a, err := harness.TryPost(client.URL+"/run", harness.M{"activation_id": id, "value": harness.M{}})
				assert.NoError(f.t, err)
				mu.Lock()
				answers[id] = a
				mu.Unlock()
			}
		})
	}
	return func() (answered int, failed []string) {
		close(over)
		all.Wait()
		f.check(answers)
		for id, a := range answers {
			if a.Status == http.StatusOK {
				answered++
			} else {
				failed = append(failed, id+": "+a.Body)
			}
		}
		return answered, failed
	}
}

// check holds the answers against the ledger.
func (f *fleet) check(answers map[string]harness.Answer) {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, "ledger"))
	require.NoError(f.t, err)
	executed := map[string]int{}
	for line := range strings.Lines(string(text)) {
		executed[strings.TrimSpace(line)]++
	}
	for id, n := range executed {
		assert.Equal(f.t, 1, n, "%s was executed more than once", id)
	}
	for id, a := range answers {
		if a.Status == http.StatusOK {
			assert.Equal(f.t, 1, executed[id], id)
			assert.Contains(f.t, a.Body, `"`+id+`"`)
		}
	}
}

// Clients notice nothing when an operator restarts servers.
func TestBalancer_RollingRestartLosesNothing(t *testing.T) {
	f := newFleet(t, 3, 3)
	stop := f.load()
	for i := range f.servers {
		require.NoError(t, f.servers[i].Signal(syscall.SIGTERM))
		f.restart(i)
	}
	answered, failed := stop()
	assert.Empty(t, failed)
	assert.NotZero(t, answered)
}

// When servers are killed, only runs are lost that were there and unanswered,
// and none is executed twice.
func TestBalancer_ServersKilledUnderLoad(t *testing.T) {
	f := newFleet(t, 3, 3)
	stop := f.load()
	for i := range f.servers {
		f.servers[i].Kill()
		f.restart(i)
	}
	answered, failed := stop()
	assert.LessOrEqual(t, len(failed), len(f.servers)*len(f.clients), "one of each client at most, for each server: %v", failed)
	assert.NotZero(t, answered)
}

// A server that stops answering is out of rotation within moments.
func TestBalancer_FrozenServerIsLeftOut(t *testing.T) {
	f := newFleet(t, 2, 1)
	at := 0
	if len(harness.Functions(t, f.servers[0])) == 0 {
		at = 1
	}
	require.NoError(t, f.servers[at].Cmd.Process.Signal(syscall.SIGSTOP))
	t.Cleanup(func() { _ = f.servers[at].Cmd.Process.Signal(syscall.SIGCONT) })
	began := time.Now()
	f.in(1)
	t.Logf("out after %v", time.Since(began))
	a := harness.Run(t, f.clients[0], "a1", harness.M{})
	assert.Equal(t, http.StatusOK, a.Status, a.Body)
}

// The balancer itself may be killed: clients connect again, and it reads the
// servers' inventories.
func TestBalancer_KilledAndStartedAgain(t *testing.T) {
	f := newFleet(t, 2, 2)
	f.balancer.Kill()
	answers := make(chan harness.Answer, len(f.clients))
	for i, client := range f.clients {
		go func() {
			a, _ := harness.TryPost(client.URL+"/run", harness.M{"activation_id": fmt.Sprint("a", i), "value": harness.M{}})
			answers <- a
		}()
	}
	harness.Start(t, "loadbalancer", nil, "--listen="+strings.TrimPrefix(f.balancer.URL, "http://"), "--state-dir="+harness.StateDir(t),
		"--server="+f.servers[0].URL, "--server="+f.servers[1].URL)
	for range f.clients {
		a := receive(t, answers)
		assert.Equal(t, http.StatusOK, a.Status, a.Body)
	}
}

// Every behaviour that the platform's own suites check, from client to balancer
// to server.
func TestConformance_ThroughABalancer(t *testing.T) {
	harness.Needs(t, "python3")
	for _, kind := range []string{"python:3", "native"} {
		t.Run(kind, func(t *testing.T) {
			balancer := harness.Balancer(t, harness.Server(t, grace).URL, harness.Server(t, grace).URL)
			checkAll(t, chain{t: t, kind: kind, url: balancer.URL, balanced: true}, conformance.For(kind))
		})
	}
}
