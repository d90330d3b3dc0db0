package e2e_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// These run against the real proxies of Apache OpenServerless where PEER_BIN
// names their binary, else against stand-ins that say what those were recorded
// to say: test/harness/testdata/openserverless/README.md.

const endOfLog = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n"

func openServerlessInit(env harness.M, main string) harness.M {
	body := harness.InitBody(harness.OpenServerlessAction, env)
	body["value"].(harness.M)["main"] = main
	return body
}

// openServerlessServer returns a server and what starts it again.
func openServerlessServer(t *testing.T) (url string, restart func()) {
	if harness.PeerBin() == "" {
		s := harness.NewOpenServerlessServer(t)
		return s.URL, s.Restart
	}
	p := harness.StartPeer(t, "SERVER")
	return p.URL, func() { p.Kill(syscall.SIGKILL); p.Start() }
}

func TestOpenServerless_OurClientTheirServer(t *testing.T) {
	server, restart := openServerlessServer(t)
	client := harness.Client(t, server, "", "--dialect=openserverless")
	a := harness.Post(t, client.URL+"/init", openServerlessInit(harness.M{"SECRET": "one"}, "main"))
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	a = harness.Run(t, client, "a", harness.M{})
	assert.Equal(t, "one", harness.Field(t, a, "secret"))
	assert.Contains(t, a.Body, "9007199254740993")
	assert.JSONEq(t, `{"error":"sorry"}`, harness.Run(t, client, "b", harness.M{"do": "error"}).Body)
	assert.Equal(t, `[1,9007199254740993]`, harness.Run(t, client, "c", harness.M{"do": "list"}).Body)
	a = harness.Run(t, client, "d", harness.M{"do": "scalar"})
	assert.Equal(t, http.StatusBadGateway, a.Status)
	a = harness.Run(t, client, "e", []int{1})
	assert.Equal(t, http.StatusBadRequest, a.Status)
	assert.Contains(t, a.Body, "no array")
	restart()
	assert.Equal(t, http.StatusOK, harness.Run(t, client, "f", harness.M{"do": "list"}).Status, "callers notice nothing")
	harness.Eventually(t, func() bool { return ends(client) == 6+6 }, "one sentinel a stream and run")
	assert.NotContains(t, client.Stdout.String(), "\x00")
	assert.Contains(t, client.Stdout.String(), "to stdout: error\n"+endOfLog+"to stdout: list\n"+endOfLog)
	another := harness.Client(t, server, "", "--dialect=openserverless")
	require.Equal(t, http.StatusOK, harness.Post(t, another.URL+"/init", openServerlessInit(harness.M{"SECRET": "one"}, "main")).Status)
	assert.NoError(t, another.Signal(syscall.SIGTERM), "the server takes its stop")
	a = harness.Run(t, client, "g", harness.M{"do": "exit"})
	assert.Equal(t, http.StatusBadRequest, a.Status)
	assert.Contains(t, a.Body, `{"error":"command exited`)
}

func ends(p *harness.Process) int {
	return strings.Count(p.Stdout.String(), endOfLog) + strings.Count(p.Stderr.String(), endOfLog)
}

// openServerlessClient is a client in front of a server of ours.
type openServerlessClient struct {
	post    func(path string, body harness.M) harness.Answer
	streams func() (stdout, stderr string)
	stop    func()
}

func newOpenServerlessClient(t *testing.T, server string) openServerlessClient {
	if harness.PeerBin() == "" {
		c := harness.NewOpenServerlessClient(t, server)
		return openServerlessClient{func(path string, body harness.M) harness.Answer {
			if path == "/init" {
				return c.Init(harness.Encode(t, body))
			}
			return c.Run(harness.Encode(t, body))
		}, c.Streams, func() { c.Stop() }}
	}
	p := harness.StartPeer(t, "CLIENT")
	return openServerlessClient{
		func(path string, body harness.M) harness.Answer { return harness.Post(t, p.URL+path, body) },
		func() (string, string) { return p.Stdout.String(), p.Stderr.String() },
		func() { p.Kill(syscall.SIGTERM) },
	}
}

func TestOpenServerless_TheirClientOurServer(t *testing.T) {
	harness.Needs(t, "python3")
	server := harness.Server(t)
	client := newOpenServerlessClient(t, server.URL)
	a := client.post("/init", openServerlessInit(harness.M{"SECRET": "one"}, "main@"+server.URL))
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	run := func(value any) harness.Answer { return client.post("/run", harness.M{"value": value}) }
	assert.Equal(t, "one", harness.Field(t, run(harness.M{"n": 1}), "secret"))
	assert.Contains(t, run(harness.M{}).Body, "9007199254740993")
	assert.JSONEq(t, `{"error":"sorry"}`, run(harness.M{"do": "error"}).Body)
	assert.Equal(t, `[1,9007199254740993]`, run(harness.M{"do": "list"}).Body)
	assert.Equal(t, http.StatusBadGateway, run(harness.M{"do": "scalar"}).Status)
	assert.Equal(t, http.StatusBadRequest, run(harness.M{"do": "exit"}).Status)
	assert.Equal(t, http.StatusOK, run(harness.M{"do": "list"}).Status, "another process has taken its place")
	harness.Eventually(t, func() bool {
		stdout, stderr := client.streams()
		return strings.Count(stdout, endOfLog) == 5 && strings.Count(stderr, "to stderr: é\n"+endOfLog) == 5
	}, "logs and sentinels of the runs that were answered")
	require.Len(t, harness.Functions(t, server), 1)
	client.stop()
	harness.Eventually(t, func() bool { return len(harness.Functions(t, server)) == 0 }, "the last stop frees the function")
}

// Either half can be replaced first; with both replaced, the dialect still works.
func TestOpenServerless_OurClientOurServer(t *testing.T) {
	harness.Needs(t, "python3")
	server := harness.Server(t)
	one := harness.Client(t, "", "", "--dialect=openserverless", "--upstream-allow=127.0.0.1")
	a := harness.Post(t, one.URL+"/init", openServerlessInit(harness.M{"SECRET": "one"}, "@"+server.URL))
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	two := harness.Client(t, server.URL, "", "--dialect=openserverless")
	a = harness.Post(t, two.URL+"/init", openServerlessInit(harness.M{"SECRET": "two"}, "main"))
	assert.Equal(t, http.StatusForbidden, a.Status)
	assert.Contains(t, a.Body, "by their code's hash alone")
	assert.Contains(t, harness.Run(t, one, "a", harness.M{"big": 1}).Body, `9007199254740993`)
	assert.Equal(t, `[1,9007199254740993]`, harness.Run(t, one, "b", harness.M{"do": "list"}).Body)
	harness.Eventually(t, func() bool { return ends(one) == 2+2 }, "one sentinel a stream and run")
	assert.Contains(t, one.Stdout.String(), "to stdout: None\n"+endOfLog+"to stdout: list\n"+endOfLog)
	require.NoError(t, one.Signal(syscall.SIGTERM))
	harness.Eventually(t, func() bool { return len(harness.Functions(t, server)) == 0 }, "the function is freed")
	a = harness.Post(t, two.URL+"/init", openServerlessInit(harness.M{"SECRET": "two"}, "main"))
	assert.Equal(t, http.StatusOK, a.Status, a.Body)
	assert.Equal(t, "two", harness.Field(t, harness.Run(t, two, "c", harness.M{}), "secret"))
}
