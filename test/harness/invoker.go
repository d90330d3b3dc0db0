package harness

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Server starts a server with a state folder of its own.
func Server(t testing.TB, args ...string) *Process {
	t.Helper()
	return Start(t, "servermode", nil, append([]string{"--listen=127.0.0.1:0", "--state-dir=" + StateDir(t)}, args...)...)
}

// StateDir returns a fresh folder that users other than root can pass through.
func StateDir(t testing.TB) string {
	t.Helper()
	return filepath.Join(OpenDir(t), "state")
}

// limit is what an init or a run may take on a busy machine, unless a test says
// otherwise.
const limit = "--limit=5m"

// Client starts a client container of a kind in front of an upstream.
func Client(t testing.TB, upstream, kind string, args ...string) *Process {
	t.Helper()
	for of, program := range map[string]string{"python": "python3", "nodejs": "node"} {
		if strings.HasPrefix(kind, of) {
			Needs(t, program)
		}
	}
	return Start(t, "clientmode", nil, append([]string{"--listen=127.0.0.1:0", "--upstream=" + upstream, "--kind=" + kind, limit}, args...)...)
}

// Balancer starts a balancer in front of servers.
func Balancer(t testing.TB, servers ...string) *Process {
	t.Helper()
	args := []string{"--listen=127.0.0.1:0", "--state-dir=" + StateDir(t)}
	for _, url := range servers {
		args = append(args, "--server="+url)
	}
	return Start(t, "loadbalancer", nil, args...)
}

// Answer is what an invoker gets.
type Answer struct {
	Status int
	Body   string
	Header http.Header
}

// Post sends one request over a connection of its own, as the invoker does.
func Post(t testing.TB, url string, body any) Answer {
	t.Helper()
	a, err := TryPost(url, body)
	require.NoError(t, err)
	return a
}

// TryPost is Post for a request that may fail.
func TryPost(url string, body any) (Answer, error) { return Send(url, nil, body) }

// Send is TryPost with headers, which the platform does not send.
func Send(url string, header http.Header, body any) (Answer, error) {
	raw, ok := body.([]byte)
	if !ok {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return Answer{}, err
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(raw))
	if err != nil {
		return Answer{}, err
	}
	if header != nil {
		req.Header = header
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return Answer{resp.StatusCode, string(text), resp.Header}, err
}

// M is a JSON object.
type M = map[string]any

// Init initialises a container with source code and requires success.
func Init(t testing.TB, client *Process, code string, env M) {
	t.Helper()
	a := Post(t, client.URL+"/init", InitBody(code, env))
	require.Equal(t, http.StatusOK, a.Status, a.Body)
}

// InitBody returns the invoker's init of a source file.
func InitBody(code string, env M) M {
	return M{"value": M{"name": "test", "main": "main", "binary": false, "code": code, "env": env}}
}

// Run activates the container's function.
func Run(t testing.TB, client *Process, activation string, value any) Answer {
	t.Helper()
	return Post(t, client.URL+"/run", M{"value": value, "activation_id": activation})
}

// Function is one entry of GET /functions.
type Function struct {
	Name, State, Kind, Tenant string
	Leases, Waiting           int
	Runs, Starts, Evictions   int
	Instances                 []struct{ PID, Runs int }
}

// Functions returns a server's inventory.
func Functions(t testing.TB, server *Process) []Function {
	t.Helper()
	resp, err := http.Get(server.URL + "/functions")
	require.NoError(t, err)
	defer resp.Body.Close()
	var list struct{ Functions []Function }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&list))
	return list.Functions
}

// BalancedServer is one entry of GET /servers.
type BalancedServer struct {
	Server, ID, State, Problem string
	Functions                  int
}

// Servers lists the servers of a balancer.
func Servers(t testing.TB, balancer *Process) []BalancedServer {
	t.Helper()
	resp, err := http.Get(balancer.URL + "/servers")
	require.NoError(t, err)
	defer resp.Body.Close()
	var list struct{ Servers []BalancedServer }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&list))
	return list.Servers
}

// Eventually waits until a condition holds.
func Eventually(t testing.TB, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, Patience, tick, what)
}

// Field returns a field of a JSON object.
func Field(t testing.TB, a Answer, name string) any {
	t.Helper()
	var object M
	require.NoError(t, json.Unmarshal([]byte(a.Body), &object), a.Body)
	assert.Equal(t, http.StatusOK, a.Status, a.Body)
	return object[name]
}
