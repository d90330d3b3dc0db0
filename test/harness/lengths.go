package harness

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Lengths asserts that every answer at these paths has a length, for every
// method and whether or not the handler reads the request's body.
func Lengths(t *testing.T, url string, paths ...string) {
	t.Helper()
	bodies := map[string]func() io.Reader{
		"no body": func() io.Reader { return nil },
		"a body":  func() io.Reader { return strings.NewReader("nonsense") },
		"chunks":  func() io.Reader { return io.MultiReader(strings.NewReader("nonsense")) },
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
			for name, body := range bodies {
				req, err := http.NewRequestWithContext(context.Background(), method, url+path, body())
				require.NoError(t, err)
				resp, err := transport.RoundTrip(req)
				require.NoError(t, err)
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				assert.GreaterOrEqual(t, resp.ContentLength, int64(0), "%s %s, %s: %s", method, path, name, resp.Status)
			}
		}
	}
}
