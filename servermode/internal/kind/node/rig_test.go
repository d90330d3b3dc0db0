package node_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// npmToken is what the registry's package secret asks for.
const npmToken = "tok-1234-secret"

// npmRegistry is a registry on loopback: whisker 1.2.0, secret 1.0.0 for callers
// with the token, fussy 1.0.0, which wants another whisker beside it, and cat 1.0.0.
func npmRegistry(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("the test needs npm")
	}
	packages := map[string][]byte{}
	for name, version := range map[string]string{"whisker": "1.2.0", "secret": "1.0.0", "fussy": "1.0.0", "cat": "1.0.0"} {
		packages[name] = packedPackage(t, name, version)
	}
	peers := map[string]string{"fussy": `"peerDependencies":{"whisker":"^7.0.0"},`}
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	mux.HandleFunc("GET /{name}", func(w http.ResponseWriter, r *http.Request) {
		name, isTarball := strings.CutSuffix(r.PathValue("name"), ".tgz")
		packed, known := packages[name]
		switch {
		case name == "secret" && r.Header.Get("Authorization") != "Bearer "+npmToken:
			w.WriteHeader(http.StatusUnauthorized)
		case !known:
			http.NotFound(w, r)
		case isTarball:
			_, _ = w.Write(packed)
		case name == "whisker":
			fmt.Fprintf(w, `{"name":"whisker","dist-tags":{"latest":"1.2.0"},"versions":{"1.2.0":{"name":"whisker","version":"1.2.0","dist":{"tarball":"%s/whisker.tgz"}}}}`, s.URL)
		default:
			fmt.Fprintf(w, `{"name":%q,"dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":%q,"version":"1.0.0",%s"dist":{"tarball":"%s/%s.tgz"}}}}`, name, name, peers[name], s.URL, name)
		}
	})
	t.Setenv("npm_config_fetch_retries", "0")
	return s.URL
}

func packedPackage(t *testing.T, name, version string) []byte {
	t.Helper()
	var packed bytes.Buffer
	gz := gzip.NewWriter(&packed)
	w := tar.NewWriter(gz)
	for _, file := range [][2]string{
		{"package/package.json", fmt.Sprintf(`{"name":%q,"version":%q,"main":"index.js"}`, name, version)},
		{"package/index.js", fmt.Sprintf(`exports.name = "%s %s";`, name, version[:3])},
	} {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: file[0], Size: int64(len(file[1])), Mode: 0o644}))
		_, err := w.Write([]byte(file[1]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, gz.Close())
	return packed.Bytes()
}
