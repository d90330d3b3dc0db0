//go:build images

package images

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// docker runs the docker command and returns what it printed.
func docker(t testing.TB, args ...string) string {
	t.Helper()
	out, err := tryDocker(args...)
	require.NoError(t, err, "docker %s: %s", strings.Join(args, " "), out)
	return out
}

func tryDocker(args ...string) (string, error) {
	out, err := exec.Command("docker", args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// built are the images that these tests have built already.
var built = map[string]bool{}

// build builds a Dockerfile of the project, as make images does.
func build(t testing.TB, file, tag, context string, args ...string) string {
	t.Helper()
	if tag = "whiskaway-test/" + tag; built[tag] {
		return tag
	}
	all := append([]string{"build", "-q", "-f", filepath.Join(root(t), file), "-t", tag}, strings.Fields(os.Getenv("DOCKER_BUILD_FLAGS"))...)
	docker(t, append(append(all, args...), context)...)
	built[tag] = true
	return tag
}

// baseImages returns the build arguments for a host that cannot pull the defaults.
func baseImages(names ...string) (args []string) {
	for _, name := range names {
		if v := os.Getenv(name); v != "" {
			args = append(args, "--build-arg", name+"="+v)
		}
	}
	return args
}

func root(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	return dir
}

// container is one that runs until the test ends.
type container struct {
	id  string
	url string // of its port, from this host
}

// start runs an image and publishes its port on a free one of this host.
func start(t testing.TB, image, port string, flags ...string) container {
	t.Helper()
	args := append([]string{"run", "-d", "-p", "127.0.0.1::" + port}, flags...)
	c := container{id: docker(t, append(args, image)...)}
	t.Cleanup(func() {
		if t.Failed() {
			logs, _ := tryDocker("logs", "--tail", "30", c.id)
			t.Logf("logs of %s:\n%s", image, logs)
		}
		_, _ = tryDocker("rm", "-f", "-v", c.id)
	})
	c.locate(t, port)
	return c
}

// locate finds the port on this host, which changes with each start.
func (c *container) locate(t testing.TB, port string) {
	t.Helper()
	c.url = "http://" + strings.Fields(docker(t, "port", c.id, port))[0]
}

func (c container) inspect(t testing.TB, format string) string {
	t.Helper()
	return docker(t, "inspect", "--format", format, c.id)
}

// awaitHealthy waits for the image's own health check.
func (c container) awaitHealthy(t testing.TB) {
	t.Helper()
	harness.Eventually(t, func() bool { return c.inspect(t, "{{.State.Health.Status}}") == "healthy" }, "the container becomes healthy")
}

// process is one line of docker top.
type process struct {
	pid   int // on this host
	uid   int
	state string
	name  string
}

func (c container) processes(t testing.TB) (list []process) {
	t.Helper()
	for _, line := range strings.Split(docker(t, "top", c.id, "-eo", "pid,uid,stat,comm"), "\n")[1:] {
		f := strings.Fields(line)
		require.GreaterOrEqual(t, len(f), 4, line)
		pid, err := strconv.Atoi(f[0])
		require.NoError(t, err)
		uid, err := strconv.Atoi(f[1])
		require.NoError(t, err)
		list = append(list, process{pid, uid, f[2], f[3]})
	}
	return list
}

// decode reads a JSON object.
func decode(t testing.TB, text string) (object harness.M) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	require.NoError(t, decoder.Decode(&object), text)
	return object
}
