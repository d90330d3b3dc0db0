//go:build images

package images

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// The libraries of an action are baked in from PyPI or from Debian.
func TestServerImage_BakesTheLibrariesOfPlates(t *testing.T) {
	if testing.Short() {
		t.Skip("installs large packages")
	}
	for engine, args := range map[string][]string{
		"rapidocr":  {"--build-arg", "PIP_REQUIREMENTS=examples/plates/requirements.txt"},
		"tesseract": {"--build-arg", "APT_PACKAGES=python3-opencv python3-numpy tesseract-ocr"},
	} {
		t.Run(engine, func(t *testing.T) {
			image := build(t, "Dockerfile.server", "server-"+engine, root(t), append(args, baseImages("GO_IMAGE", "BASE")...)...)
			p := newPairOf(t, image)
			client := p.client(t, "python:3")
			initialise(t, client, "main", file(t, "examples/plates/plates.py"), false)
			frame := base64.StdEncoding.EncodeToString([]byte(file(t, "examples/plates/frames/0001.jpg")))
			a := run(t, client, "frame", harness.M{"image": frame})
			require.Equal(t, http.StatusOK, a.Status, a.Body)
			assert.Equal(t, engine, decode(t, a.Body)["engine"])
			assert.Contains(t, a.Body, "VF 086 LX")
			assert.Contains(t, a.Body, "YP 096 LP")
		})
	}
}

// The site's image of examples/openwhisk knows its upstream and token by itself.
func TestSiteImage_NeedsNothingFromThePlatform(t *testing.T) {
	p := newPair(t)
	site := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(site, "token"), []byte("a-token-only-for-tests\n"), 0o600))
	image := build(t, "examples/openwhisk/Dockerfile", "client-site", site,
		"--build-arg", "CLIENT="+clientImage(t, "python:3"), "--build-arg", "UPSTREAM=http://server:9000")
	client := start(t, image, "8080", "--network="+p.network)
	initialise(t, client, "main", file(t, "examples/hello/hello.py"), false)
	a := run(t, client, "site", harness.M{"name": "Ada"})
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	assert.JSONEq(t, `{"greeting": "Hello, Ada!"}`, a.Body)
}
