//go:build images

package images

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLoadbalancerImage_IsBareRunsAsNobodyAndTurnsHealthy(t *testing.T) {
	image := build(t, "Dockerfile.loadbalancer", "loadbalancer", root(t), baseImages("GO_IMAGE")...)
	out, err := tryDocker("run", "--rm", "--entrypoint", "/bin/sh", image, "-c", "true")
	assert.Error(t, err, "there is no shell: %s", out)
	tokens := filepath.Join(t.TempDir(), "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte("0123456789abcdef\n"), 0o600))
	require.NoError(t, os.Chmod(tokens, 0o644))
	balancer := start(t, image, "18080", "-v", tokens+":/tokens:ro", "-e", "WHISKAWAY_TOKEN_FILE=/tokens", "-e", "WHISKAWAY_SERVERS=http://127.0.0.1:9", "--health-interval=1s")
	balancer.awaitHealthy(t)
	list := balancer.processes(t)
	require.Len(t, list, 1)
	assert.Equal(t, 65532, list[0].uid)
}
