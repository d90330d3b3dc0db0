package e2e_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// runtimeOf sets an example runtime up and starts a server with it.
func runtimeOf(t *testing.T, name string) *harness.Process {
	t.Helper()
	dir := harness.OpenDir(t)
	out, err := exec.Command("../../examples/runtimes/"+name+"/setup.sh", filepath.Join(dir, name)).CombinedOutput()
	if err != nil && strings.Contains(string(out), "is missing") {
		harness.Missing(t, name, string(out))
	}
	require.NoError(t, err, "%s", out)
	return harness.Server(t, "--runtime="+name+":1="+filepath.Join(dir, name, name+".env"))
}

// runtimeAction is an action as it is created on the platform.
type runtimeAction struct {
	kind, main string
	source     string            // or
	files      map[string]string // of a zip
	env        harness.M
}

func (a runtimeAction) body(t *testing.T) harness.M {
	t.Helper()
	code := a.source
	if a.files != nil {
		var archive bytes.Buffer
		w := zip.NewWriter(&archive)
		for name, text := range a.files {
			f, err := w.Create(name)
			require.NoError(t, err)
			_, err = f.Write([]byte(text))
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		code = base64.StdEncoding.EncodeToString(archive.Bytes())
	}
	return harness.M{"value": harness.M{"main": a.main, "binary": a.files != nil, "code": code, "env": a.env}}
}

// start initialises a client container with the action.
func (a runtimeAction) start(t *testing.T, server *harness.Process) (*harness.Process, harness.Answer) {
	t.Helper()
	client := harness.Client(t, server.URL, a.kind)
	return client, harness.Post(t, client.URL+"/init", a.body(t))
}

// works is start for an action that must.
func (a runtimeAction) works(t *testing.T, server *harness.Process) *harness.Process {
	t.Helper()
	client, got := a.start(t, server)
	require.Equal(t, http.StatusOK, got.Status, got.Body+client.Stderr.String())
	return client
}

// refusals are actions that must not start; says is in the answer or the log.
func refusals(t *testing.T, server *harness.Process, kind string, cases map[string]refusedAction) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.kind = kind
			client, got := c.start(t, server)
			assert.Equal(t, http.StatusBadGateway, got.Status)
			for _, says := range c.says {
				harness.Eventually(t, func() bool {
					return strings.Contains(got.Body+client.Stdout.String()+client.Stderr.String(), says)
				}, says)
			}
		})
	}
}

type refusedAction struct {
	runtimeAction
	says []string
}

const compileFailed = "failed to generate or locate a binary"

// hello runs the kind's example of examples/hello.
func hello(t *testing.T, server *harness.Process, kind, file, main string) {
	t.Helper()
	source, err := os.ReadFile("../../examples/hello/" + file)
	require.NoError(t, err)
	client := runtimeAction{kind: kind, main: main, source: string(source)}.works(t, server)
	a := harness.Run(t, client, "1", harness.M{"name": "❄ Ada"})
	assert.JSONEq(t, `{"greeting":"Hello, ❄ Ada!"}`, a.Body)
	logged(t, client.Stdout, "greeting ❄ Ada\nXXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n")
	assert.NotContains(t, client.Stderr.String(), "greeting")
}

// logged waits until a container's stream has what a run has written: the test
// reads it through a pipe.
func logged(t *testing.T, stream *harness.Buffer, says ...string) {
	t.Helper()
	for _, text := range says {
		harness.Eventually(t, func() bool { return strings.Contains(stream.String(), text) }, text)
	}
}

// activate runs a client's function with whatever an invoker may send.
func activate(t *testing.T, client *harness.Process, body string) harness.Answer {
	t.Helper()
	return harness.Post(t, client.URL+"/run", []byte(body))
}

// answers checks what a process says to each body, and that it goes on.
func answers(t *testing.T, client *harness.Process, want map[string]string) {
	t.Helper()
	for body, says := range want {
		a := activate(t, client, body)
		assert.Equal(t, http.StatusOK, a.Status, body)
		assert.Equal(t, says, a.Body, body)
	}
}

// large checks that a function, which answers what it is given, takes much at
// once, and answers something to what is nested more deeply than it can take.
func large(t *testing.T, client *harness.Process) {
	t.Helper()
	text := `{"s":"` + strings.Repeat("❄ ", 200_000) + `"}`
	answers(t, client, map[string]string{`{"value":` + text + `}`: text})
	a := activate(t, client, `{"value":`+strings.Repeat(`{"a":`, 5000)+"1"+strings.Repeat("}", 5000)+"}")
	assert.Contains(t, []int{http.StatusOK, http.StatusBadGateway}, a.Status, a.Body)
}
