//go:build images

package images

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// pair is a server container and what client containers need to reach it.
type pair struct {
	server  container
	network string
	token   string // file on this host
}

func newPair(t testing.TB) *pair {
	t.Helper()
	return newPairOf(t, serverImage(t))
}

func newPairOf(t testing.TB, image string) *pair {
	t.Helper()
	p := &pair{network: "whiskaway-test-" + strconv.Itoa(os.Getpid()), token: filepath.Join(harness.OpenDir(t), "token")}
	require.NoError(t, os.WriteFile(p.token, []byte("a-token-only-for-tests\n"), 0o644))
	docker(t, "network", "create", p.network)
	t.Cleanup(func() { _, _ = tryDocker("network", "rm", p.network) })
	p.server = start(t, image, "9000", p.flags("--network-alias=server", "--health-interval=1s")...)
	return p
}

// flags puts a container on the network and gives it the token.
func (p *pair) flags(more ...string) []string {
	return append([]string{
		"--network=" + p.network, "-v", p.token + ":/token:ro", "-e", "WHISKAWAY_TOKEN_FILE=/token",
	}, more...)
}

// client starts a client container as the platform does.
func (p *pair) client(t testing.TB, kind string, flags ...string) container {
	t.Helper()
	image := clientImage(t, kind)
	return start(t, image, "8080", p.flags(append(flags, "-e", "WHISKAWAY_UPSTREAM=http://server:9000")...)...)
}

// functions returns what the server holds for the token.
func (p *pair) functions(t testing.TB) []any {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, p.server.url+"/functions", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer a-token-only-for-tests")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	require.NoError(t, err)
	return decode(t, body.String())["functions"].([]any)
}

func initialise(t testing.TB, c container, main, code string, binary bool) {
	t.Helper()
	a := postWhenUp(t, c.url+"/init", harness.M{"value": harness.M{
		"name": "test", "main": main, "binary": binary, "code": code, "env": harness.M{"__OW_NAMESPACE": "guest"},
	}})
	require.Equal(t, http.StatusOK, a.Status, a.Body)
}

func run(t testing.TB, c container, activation string, value any) harness.Answer {
	t.Helper()
	return postWhenUp(t, c.url+"/run", harness.M{"value": value, "activation_id": activation})
}

// postWhenUp repeats a connection that fails, as an invoker does while a
// container starts.
func postWhenUp(t testing.TB, url string, body any) (a harness.Answer) {
	t.Helper()
	harness.Eventually(t, func() bool {
		var err error
		a, err = harness.TryPost(url, body)
		return err == nil
	}, url)
	return a
}

func file(t testing.TB, path string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root(t), path))
	require.NoError(t, err)
	return string(raw)
}

func TestPair_RunsActionsOfEveryKind(t *testing.T) {
	p := newPair(t)
	built := t.TempDir()
	out, err := exec.Command(filepath.Join(root(t), "examples/hello/build.sh"), built).CombinedOutput()
	require.NoError(t, err, string(out))
	zipped, err := os.ReadFile(filepath.Join(built, "hello.zip"))
	require.NoError(t, err)
	elf, err := os.ReadFile(filepath.Join(built, "hello"))
	require.NoError(t, err)
	for _, action := range []struct {
		name, kind, code, greeting string
		binary                     bool
	}{
		{"hello.py", "python:3", file(t, "examples/hello/hello.py"), "Hello, Ada!", false},
		{"hello.sh", "", file(t, "examples/hello/hello.sh"), "Hello, Ada!", false},
		{"hello.zip", "", base64.StdEncoding.EncodeToString(zipped), "Good morning, Ada!", true},
		{"hello", "", base64.StdEncoding.EncodeToString(elf), "Hello, Ada!", true},
	} {
		t.Run(action.name, func(t *testing.T) {
			client := p.client(t, action.kind)
			initialise(t, client, "main", action.code, action.binary)
			a := run(t, client, "run-of-"+action.name, harness.M{"name": "Ada"})
			require.Equal(t, http.StatusOK, a.Status, a.Body)
			assert.JSONEq(t, fmt.Sprintf(`{"greeting": %q}`, action.greeting), a.Body)
			logs := docker(t, "logs", client.id)
			assert.Contains(t, logs, "greeting Ada\n")
			assert.Equal(t, 2, strings.Count(logs, "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX"), "one on each stream")
		})
	}
}

func TestPair_SIGTERMToTheClientFreesTheFunction(t *testing.T) {
	p := newPair(t)
	client := p.client(t, "python:3")
	initialise(t, client, "main", file(t, "examples/hello/hello.py"), false)
	require.Len(t, p.functions(t), 1)
	require.Len(t, functionsOf(p.server.processes(t)), 1)
	docker(t, "stop", "-t", "20", client.id)
	assert.Equal(t, "0", client.inspect(t, "{{.State.ExitCode}}"))
	harness.Eventually(t, func() bool { return len(p.functions(t)) == 0 }, "the function is freed")
	harness.Eventually(t, func() bool { return len(functionsOf(p.server.processes(t))) == 0 }, "its process is gone")
}

// functionsOf leaves out what is the server's own: itself, and as the same user
// the process that Python functions are forked from, with its child in advance.
func functionsOf(all []process) []process {
	return slices.DeleteFunc(all, func(p process) bool { return p.uid == 0 })
}

// The largest code that the platform takes, under the limits that it sets.
func TestPair_LargestInitStaysBelowThePlatformsMemoryLimit(t *testing.T) {
	const limit = 128 << 20
	p := newPair(t)
	client := p.client(t, "python:3", "--memory=128m", "--memory-swap=128m", "--pids-limit=1024", "--cap-drop=NET_RAW", "--cap-drop=NET_ADMIN", "--ulimit=nofile=1024:1024")
	initialise(t, client, "main", largeAction(t, 48<<20), true)
	a := run(t, client, "large", harness.M{"name": "Ada"})
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	assert.JSONEq(t, `{"size": 36700160}`, a.Body)
	require.Equal(t, "false", client.inspect(t, "{{.State.OOMKilled}}"))
	peak := peakMemory(t, client)
	t.Logf("peak of the client's resident memory: %.1f MiB", float64(peak)/(1<<20))
	assert.Less(t, peak, limit)

	// Another server has none of the code: the client sends it once more.
	docker(t, "rm", "-f", "-v", p.server.id)
	p.server = start(t, serverImage(t), "9000", p.flags("--network-alias=server")...)
	a = run(t, client, "again", harness.M{"name": "Ada"})
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	t.Logf("with the code sent once more: %.1f MiB", float64(peakMemory(t, client))/(1<<20))
	assert.Less(t, peakMemory(t, client), limit)
}

// largeAction returns a zip that has size bytes in base64, near enough.
func largeAction(t testing.TB, size int) string {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	w, err := archive.Create("__main__.py")
	require.NoError(t, err)
	_, err = w.Write([]byte("import os\ndef main(args):\n    return {'size': os.path.getsize('ballast')}\n"))
	require.NoError(t, err)
	w, err = archive.CreateHeader(&zip.FileHeader{Name: "ballast", Method: zip.Store})
	require.NoError(t, err)
	ballast := make([]byte, 35<<20)
	_, _ = rand.Read(ballast)
	_, err = w.Write(ballast)
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	code := base64.StdEncoding.EncodeToString(out.Bytes())
	require.Less(t, len(code), size)
	return code
}

// peakMemory returns the highest resident set of the container's one process.
func peakMemory(t testing.TB, c container) int {
	t.Helper()
	raw, err := os.ReadFile("/proc/" + c.inspect(t, "{{.State.Pid}}") + "/status")
	require.NoError(t, err)
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); f[0] == "VmHWM:" {
			kib, err := strconv.Atoi(f[1])
			require.NoError(t, err)
			return kib << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
