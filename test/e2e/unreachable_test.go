package e2e_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/test/harness"
)

// The limit is an hour: a tool that tried for as long as a run has time would
// outlast the tests.
func TestTool_SaysAtOnceWhyNoServerAnswers(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	plain := harness.Server(t)
	action, authority := filepath.Join(t.TempDir(), "action.py"), filepath.Join(t.TempDir(), "ca.pem")
	write(t, action, "def main(args):\n    return {}\n")
	write(t, authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	at := func(url string) string { _, address, _ := strings.Cut(url, "://"); return address }
	for name, c := range map[string]struct {
		args []string
		exit int
		says string
	}{
		"unknown host":           {[]string{"--server=no-such-host.invalid"}, 5, "host no-such-host.invalid"}, // "there is no", or no resolver that could say so
		"nothing listens":        {[]string{"--server=127.0.0.1:1"}, 5, "http://127.0.0.1:1 cannot be reached: nothing listens there"},
		"a stranger's":           {[]string{"--server=" + secure.URL}, 5, "--ca-file"},
		"another's name":         {[]string{"--server=https://localhost:" + secure.URL[strings.LastIndexByte(secure.URL, ':')+1:], "--ca-file=" + authority}, 5, "its certificate is not for this name"},
		"HTTP to HTTPS":          {[]string{"--server=" + at(secure.URL)}, 5, "say --server https://" + at(secure.URL)},
		"HTTPS to HTTP":          {[]string{"--server=https://" + at(plain.URL)}, 5, "say --server http://" + at(plain.URL)},
		"something else answers": {[]string{"--server=" + secure.URL, "--ca-file=" + authority}, 1, "is it a Whiskaway "},
	} {
		t.Run(name, func(t *testing.T) {
			for _, command := range [][]string{{"invoke", "--limit=1h", "-f", action}, {"dev", "--limit=1h", "--listen=127.0.0.1:0", action}, {"ps"}, {"drain", "gpu-1"}} {
				stdout, stderr, exit := run(t, "whiskaway", append(command, c.args...)...)
				assert.Equal(t, c.exit, exit, "%s: %s", command[0], stderr)
				assert.Contains(t, stderr, c.says, command[0])
				assert.NotContains(t, stderr, "\n\n")
				assert.Empty(t, stdout)
			}
		})
	}
}
