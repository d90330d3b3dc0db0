package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

const (
	invokersTrace = "0af7651916cd43dd8448eb211c80319c"
	invokersSpan  = "b7ad6b7169203331"
)

// traced is a chain of client, balancer and server that share an environment.
type traced struct {
	client, balancer, server *harness.Process
}

const toldTrace = `
import os
def main(args):
    return {"parent": os.environ.get("__OW_TRACEPARENT"), "state": os.environ.get("__OW_TRACESTATE"), "secret": os.environ["SECRET"]}
`

func newTraced(t *testing.T, env []string) traced {
	t.Helper()
	harness.Needs(t, "python3")
	tokens := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte("callers-tokensecret tenantname\nbalancers-delegatesecret other delegate\n"), 0o600))
	delegate := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(delegate, []byte("balancers-delegatesecret\n"), 0o600))
	var c traced
	c.server = harness.Start(t, "servermode", env, "--listen=127.0.0.1:0", "--state-dir="+harness.StateDir(t), "--token-file="+tokens, "--log-level=debug")
	c.balancer = harness.Start(t, "loadbalancer", env, "--listen=127.0.0.1:0", "--state-dir="+harness.StateDir(t), "--server="+c.server.URL,
		"--token-file="+tokens, "--servers-token-file="+delegate, "--access-log")
	c.client = harness.Start(t, "clientmode", env, "--listen=127.0.0.1:0", "--upstream="+c.balancer.URL, "--kind=python:3", "--token-file="+tokens)
	harness.Init(t, c.client, toldTrace, harness.M{"SECRET": "envsecret", "__OW_ACTION_NAME": "/guest/told"})
	return c
}

// run has an activation, with headers of the invoker's.
func (c traced) run(t *testing.T, id string, header http.Header) harness.Answer {
	t.Helper()
	a, err := harness.Send(c.client.URL+"/run", header, harness.M{"value": harness.M{"x": "payloadsecret"}, "activation_id": id})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	return a
}

func TestTraces_OneFromTheClientToTheFunction(t *testing.T) {
	collector := harness.NewCollector(t, 0)
	c := newTraced(t, collector.Env("OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20collectorsecret", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment=test"))
	a := c.run(t, "a1", nil)
	balancer := collector.Await(t, "", "whiskaway-loadbalancer", "run")
	attempt := collector.Await(t, balancer.Trace, "whiskaway-loadbalancer", "run at server")
	server := collector.Await(t, balancer.Trace, "whiskaway-servermode", "run")
	execute := collector.Await(t, balancer.Trace, "whiskaway-servermode", "execute")
	assert.Empty(t, balancer.Parent, "the invoker sent none")
	assert.Equal(t, []string{balancer.ID, attempt.ID, server.ID}, []string{attempt.Parent, server.Parent, execute.Parent})
	assert.Equal(t, "00-"+balancer.Trace+"-"+server.ID+"-01", harness.Field(t, a, "parent"))
	for _, s := range []harness.Span{balancer, server} {
		assert.Equal(t, "a1", s.Attributes["faas.invocation_id"], s.Service)
		assert.Equal(t, "/guest/told", s.Attributes["faas.name"], s.Service)
		assert.Equal(t, 2, s.Kind, s.Service)
		assert.False(t, s.Failed, s.Service)
	}
	assert.Equal(t, map[string]string{
		"whiskaway.server": c.server.URL, "whiskaway.policy": "warm", "whiskaway.why": "warm", "whiskaway.outcome": "ok", "faas.coldstart": "false",
	}, attempt.Attributes)

	init := collector.Await(t, "", "whiskaway-loadbalancer", "init")
	at := collector.Await(t, init.Trace, "whiskaway-loadbalancer", "init at server")
	for _, stage := range []string{"wait", "prepare", "start"} {
		assert.Equal(t, collector.Await(t, init.Trace, "whiskaway-servermode", "init").ID, collector.Await(t, init.Trace, "whiskaway-servermode", stage).Parent, stage)
	}
	assert.Equal(t, at.ID, collector.Await(t, init.Trace, "whiskaway-servermode", "init").Parent)

	require.NoError(t, c.client.Signal(syscall.SIGTERM))
	stop := collector.Await(t, "", "whiskaway-loadbalancer", "stop")
	collector.Await(t, stop.Trace, "whiskaway-servermode", "stop")

	assert.True(t, collector.Authorized("Bearer collectorsecret"))
	assert.Contains(t, collector.Raw(), "deployment.environment")
	for _, secret := range []string{"callers-tokensecret", "balancers-delegatesecret", "tenantname", "envsecret", "payloadsecret", "collectorsecret"} {
		assert.NotContains(t, collector.Raw(), secret)
	}
	harness.Eventually(t, func() bool {
		return strings.Contains(c.balancer.Stderr.String(), `"trace_id":"`+balancer.Trace+`"`)
	}, "the access log names the trace")
}

func TestTraces_TheInvokersIsTheParentAndDecides(t *testing.T) {
	collector := harness.NewCollector(t, 0)
	c := newTraced(t, collector.Env())
	unsampled := "00-" + invokersTrace + "-" + invokersSpan + "-00"
	a := c.run(t, "a1", http.Header{"Traceparent": {unsampled}, "Tracestate": {"a=b"}})
	assert.Equal(t, unsampled, harness.Field(t, a, "parent"), "no service records it: it is passed on unchanged")
	assert.Equal(t, "a=b", harness.Field(t, a, "state"))
	const other = "1af7651916cd43dd8448eb211c80319c"
	a = c.run(t, "a2", http.Header{"Traceparent": {"00-" + other + "-" + invokersSpan + "-01"}, "Tracestate": {"a=b"}})
	assert.Equal(t, "a=b", harness.Field(t, a, "state"))
	assert.Equal(t, invokersSpan, collector.Await(t, other, "whiskaway-loadbalancer", "run").Parent)
	collector.Await(t, other, "whiskaway-servermode", "run")
	c.run(t, "a3", http.Header{"Traceparent": {"00-" + other + "-no-01"}})
	harness.Eventually(t, func() bool {
		for _, s := range collector.Spans() {
			if s.Service == "whiskaway-servermode" && s.Attributes["faas.invocation_id"] == "a3" {
				return s.Trace != other && s.Parent != ""
			}
		}
		return false
	}, "a malformed one is ignored, and a trace started")
	for _, s := range collector.Spans() {
		assert.NotEqual(t, invokersTrace, s.Trace, "%s %s was not to be recorded", s.Service, s.Name)
	}
}

func TestTraces_OffAddNothingAndPassOnWhatComes(t *testing.T) {
	collector := harness.NewCollector(t, 0)
	c := newTraced(t, collector.Env("OTEL_SDK_DISABLED=true"))
	assert.Nil(t, harness.Field(t, c.run(t, "a1", nil), "parent"))
	sent := "00-" + invokersTrace + "-" + invokersSpan + "-01"
	assert.Equal(t, sent, harness.Field(t, c.run(t, "a2", http.Header{"Traceparent": {sent}}), "parent"))
	assert.Nil(t, harness.Field(t, c.run(t, "a3", http.Header{"Traceparent": {strings.ToUpper(sent)}}), "parent"))
	assert.Contains(t, c.balancer.Stderr.String(), `"trace_id":"`+invokersTrace+`"`)
	for _, p := range []*harness.Process{c.client, c.balancer, c.server} {
		require.NoError(t, p.Signal(syscall.SIGTERM))
	}
	assert.Zero(t, collector.Posts())
}

// What the collector does not take is counted, and costs no run and no end.
func TestTraces_ACollectorThatIsDownCostsNothing(t *testing.T) {
	refuses := harness.NewCollector(t, http.StatusBadRequest)
	for name, env := range map[string][]string{"away": {"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"}, "refuses": refuses.Env()} {
		t.Run(name, func(t *testing.T) {
			c := newTraced(t, env)
			for i := range 20 {
				c.run(t, fmt.Sprint("a", i), nil)
			}
			if name == "refuses" {
				for url, metric := range map[string]string{c.server.URL: "whiskaway_spans_total", c.balancer.URL: "whiskaway_balancer_spans_total"} {
					harness.Eventually(t, func() bool { return dropped(t, url, metric) }, metric)
				}
			}
			for _, p := range []*harness.Process{c.client, c.balancer, c.server} {
				require.NoError(t, p.Signal(syscall.SIGTERM), "it ends as told")
			}
		})
	}
}

// dropped reports whether spans were counted as dropped.
func dropped(t *testing.T, url, metric string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/metrics", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer balancers-delegatesecret")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	at := metric + `{outcome="dropped"} `
	return strings.Contains(string(text), at) && !strings.Contains(string(text), at+"0\n")
}
