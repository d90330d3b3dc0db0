//go:build images

// Package images builds the images and runs them with a real Docker engine. It has
// a build tag, because few hosts have an engine.
package images

import (
	"archive/tar"
	"bytes"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func clientImage(t testing.TB, kind string) string {
	t.Helper()
	family, _, _ := strings.Cut(kind, ":")
	return build(t, "Dockerfile.client", "client"+family, root(t), append(baseImages("GO_IMAGE"), "--build-arg", "KIND="+kind)...)
}

func TestClientImage_IsSmallAndBare(t *testing.T) {
	image := clientImage(t, "python:3")
	size, err := strconv.Atoi(docker(t, "image", "inspect", "--format", "{{.Size}}", image))
	require.NoError(t, err)
	t.Logf("%s has %.2f MB", image, float64(size)/1e6)
	assert.Less(t, size, 10_000_000)
	assert.Equal(t, "65532:65532", docker(t, "image", "inspect", "--format", "{{.Config.User}}", image))
	assert.Contains(t, docker(t, "image", "inspect", "--format", "{{.Config.Env}}", image), "WHISKAWAY_KIND=python:3")

	files := filesOf(t, image)
	assert.Equal(t, int64(0o1777), files["tmp/"]&0o7777, "code is spooled in /tmp")
	assert.Contains(t, files, "etc/ssl/certs/ca-certificates.crt")
	for name, mode := range files {
		if mode&0o111 != 0 && name[len(name)-1] != '/' && name != ".dockerenv" && name[:4] != "dev/" && name[:4] != "etc/" {
			assert.Equal(t, "clientmode", name, "the only program")
		}
	}
	out, err := tryDocker("run", "--rm", "--entrypoint", "/bin/sh", image, "-c", "true")
	assert.Error(t, err, "there is no shell: %s", out)
}

// filesOf lists an image's files with their modes.
func filesOf(t testing.TB, image string) map[string]int64 {
	t.Helper()
	id := docker(t, "create", image)
	defer docker(t, "rm", id)
	raw, err := exec.Command("docker", "export", id).Output()
	require.NoError(t, err)
	files := map[string]int64{}
	for archive := tar.NewReader(bytes.NewReader(raw)); ; {
		entry, err := archive.Next()
		if err == io.EOF {
			return files
		}
		require.NoError(t, err)
		if entry.Typeflag == tar.TypeReg || entry.Typeflag == tar.TypeDir {
			files[entry.Name] = entry.Mode
		}
	}
}

func TestClientImage_RunsAsNobodyAndTurnsHealthy(t *testing.T) {
	client := start(t, clientImage(t, ""), "8080", "-e", "WHISKAWAY_UPSTREAM=http://127.0.0.1:9", "--health-interval=1s")
	client.awaitHealthy(t)
	list := client.processes(t)
	require.Len(t, list, 1)
	assert.Equal(t, 65532, list[0].uid)
}
