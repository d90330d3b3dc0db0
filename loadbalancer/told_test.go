package loadbalancer_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// named is a balancer whose one server its list calls gpu-1, or does not call
// anything, and its log.
func named(t *testing.T, s *fake, name string) (*rig, *observer.ObservedLogs) {
	t.Helper()
	list := filepath.Join(t.TempDir(), "servers.yaml")
	text := "- url: " + s.URL + "\n"
	if name != "" {
		text += "  name: " + name + "\n"
	}
	require.NoError(t, os.WriteFile(list, []byte(text), 0o600))
	core, logs := observer.New(zapcore.WarnLevel)
	r := newRig(t, loadbalancer.Config{Log: zap.New(core), QueueWait: 50 * time.Millisecond}, "file://"+list)
	r.identified(1)
	return r, logs
}

// Authors are told a server by the name that its list gives it, and no address;
// the operator's log has that, in one line for each run.
func TestRun_AuthorsAreToldNoAddress(t *testing.T) {
	for name, says := range map[string]string{"gpu-1": "gpu-1", "": "a server"} {
		for what, script := range map[string]script{
			"reset": reset, "garbage": raw("\x00\x01\r\n\r\n"), "another's": raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
		} {
			t.Run(says+" "+what, func(t *testing.T) {
				s := newFake(t)
				r, logs := named(t, s, name)
				f := newTarget(small)
				r.mustInit(f)
				s.on(runtimespec.PathRun, script)
				s.on(runtimespec.PathInit, script)
				for path, a := range map[string]got{"run": r.run(f, "a1"), "init": r.init(newTarget(large))} {
					assert.GreaterOrEqual(t, a.status, 500)
					assert.Contains(t, a.body, says)
					assert.NotContains(t, a.body, "127.0.0.1")
					lines := logs.FilterMessage(path + " failed").AllUntimed()
					require.Len(t, lines, 1)
					fields := lines[0].ContextMap()
					assert.Contains(t, fields["server"], strings.TrimPrefix(says, "a server"))
					assert.NotEmpty(t, fields["cause"])
					assert.Len(t, fields["function"], 12)
				}
				assert.Equal(t, "a1", logs.FilterMessage("run failed").All()[0].ContextMap()["activation"])
			})
		}
	}
}

// A server that has a name is drained by it, and by its URL.
func TestDrain_AServerWithANameIsKnownByItsURLToo(t *testing.T) {
	s := newFake(t)
	r, _ := named(t, s, "gpu-1")
	for _, name := range []string{"gpu-1", s.URL, strings.TrimPrefix(s.URL, "http://")} {
		require.Equal(t, http.StatusOK, r.tell(name, "drain").status, name)
		require.Equal(t, http.StatusOK, r.tell(name, "return").status, name)
	}
}

// What is away is told the same way, once nobody else has the run.
func TestRun_AServerThatIsAwayIsToldByItsName(t *testing.T) {
	s := newFake(t)
	r, logs := named(t, s, "gpu-1")
	f := newTarget(small)
	r.mustInit(f)
	s.close()
	a := r.run(f, "a1")
	assert.True(t, a.reason.NotStarted(), "%s", a.reason)
	assert.NotContains(t, a.body, "127.0.0.1")
	if a.reason == runtimespec.StartFailed {
		assert.Contains(t, a.body, "gpu-1 cannot be reached: the connection was refused")
	}
	assert.Len(t, logs.FilterMessage("run failed").All(), 1)
}

// A server that answers in no HTTP is passed over for an init, and where there is
// no other, the caller is told so at once and for good.
func TestInit_AServerThatSpeaksNoHTTPIsToldAsThat(t *testing.T) {
	garbage := raw("SSH-2.0-OpenSSH\r\n")
	s := newFake(t)
	s.on(runtimespec.PathInit, garbage)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	a := r.init(f)
	assert.Equal(t, http.StatusBadGateway, a.status)
	assert.Equal(t, runtimespec.Internal, a.reason, "a client does not send it again")
	assert.Contains(t, a.body, "no HTTP")
	assert.Equal(t, 1, s.count(runtimespec.PathInit))

	well := newFake(t)
	r = before(t, loadbalancer.Config{}, s, well)
	r.mustInit(f)
	assert.Equal(t, well.id, r.mustRun(f).header.Get(runtimespec.HeaderServer))
}

func TestRun_AServerThatSpeaksNoHTTPIsAFailedOne(t *testing.T) {
	s := newFake(t)
	r := before(t, loadbalancer.Config{}, s)
	f := newTarget(small)
	r.mustInit(f)
	for _, path := range []string{runtimespec.PathRun, runtimespec.PathReady} {
		s.on(path, raw("\x15\x03\x01\x00\x02\x02\x46"))
	}
	a := r.run(f, "a1")
	assert.Equal(t, http.StatusBadGateway, a.status)
	assert.Contains(t, a.body, "it speaks TLS: write https:// instead of http:// in its URL")
	assert.Contains(t, a.body, "may have been started")
	assert.Equal(t, 1, s.count(runtimespec.PathRun), "it is sent once")
	assert.Contains(t, r.problem(0, "ejected"), "TLS")
}

// What tenants asked for is counted for good, what servers did for as long as
// they are there.
func TestMetrics_TotalsStayAndServersGo(t *testing.T) {
	s := newFake(t)
	r := newRig(t, loadbalancer.Config{JoinTokenFile: invitation(t)})
	self := runtimespec.Registration{URL: s.URL, Incarnation: s.id}
	require.Equal(t, http.StatusOK, r.join("invited-servers-only", self).status)
	r.identified(1)
	f := newTarget(small)
	r.mustInit(f)
	r.mustRun(f)
	s.on(runtimespec.PathRun, reset)
	r.run(f, "a1")
	ofServer := func(outcome string) string {
		return `whiskaway_balancer_server_runs_total{outcome="` + outcome + `",server="` + s.URL + `"} 1`
	}
	r.shows(ofServer("answered"))
	r.shows(ofServer("failed"))
	self.Leaving = true
	require.Equal(t, http.StatusOK, r.join("invited-servers-only", self).status)
	r.eventually(func() bool { return len(r.servers()) == 0 })
	r.shows(`whiskaway_balancer_tenant_requests_total{outcome="ok",request="run",tenant="default"} 1`)
	r.shows(`whiskaway_balancer_tenant_requests_total{outcome="internal",request="run",tenant="default"} 1`)
	assert.NotContains(t, r.get("/metrics").body, "whiskaway_balancer_server_runs_total{")
}

// A plain server at an https URL, and the reverse, say what to change.
func TestChecks_TheWrongSchemeIsNamed(t *testing.T) {
	s := newFake(t)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	r := newRig(t, loadbalancer.Config{}, "https://127.0.0.1:"+port)
	assert.Contains(t, r.problem(0, "unidentified", "ejected", "draining"), "http://")
}
