package e2e_test

import (
	"encoding/base64"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

const sentinel = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n"

// webShop is a web server that logs, and answers what it was asked.
const webShop = `#!/usr/bin/python3
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class H(BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(200 if self.path.startswith("/teapots") else 404, "image/png", b"\x89PNG" + self.path.encode())
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if b"die" in body: os._exit(1)
        self.reply(418 if b"coffee" in body else 200, "application/json", body)
    def reply(self, status, kind, body):
        print("out", self.headers["X-OpenWhisk-Activation-Id"])
        print("err", file=sys.stderr)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
print("loaded", flush=True)
HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), H).serve_forever()
`

func TestHTTP_FromClientToServer(t *testing.T) {
	harness.Needs(t, "python3")
	server := harness.Server(t)
	client := harness.Client(t, server.URL, "http")
	harness.Init(t, client, webShop, nil)
	own := client.Stderr.String() // the container's log, which the harness has in the same place
	assert.Empty(t, client.Stdout.String(), "no sentinel after a good init")

	a := harness.Run(t, client, "a1", harness.M{"n": 1})
	assert.Equal(t, harness.Answer{Status: http.StatusOK, Body: `{"n":1}`, Header: a.Header}, a)
	a = harness.Run(t, client, "a2", harness.M{"order": "coffee"})
	assert.Equal(t, http.StatusOK, a.Status, "an application error")
	assert.JSONEq(t, `{"error":{"statusCode":418,"body":{"order":"coffee"}}}`, a.Body)
	a = harness.Run(t, client, "a3", harness.M{"__ow_method": "get", "__ow_path": "/teapots", "__ow_query": "q=1", "__ow_headers": harness.M{}, "__ow_body": ""})
	assert.Equal(t, base64.StdEncoding.EncodeToString([]byte("\x89PNG/teapots?q=1")), harness.Field(t, a, "body"))
	assert.EqualValues(t, http.StatusOK, harness.Field(t, a, "statusCode"))

	a = harness.Run(t, client, "a4", "die")
	assert.Equal(t, http.StatusBadRequest, a.Status)
	assert.Contains(t, a.Body, "command exited")
	a = harness.Run(t, client, "a5", harness.M{"n": 2})
	assert.Equal(t, `{"n":2}`, a.Body, "by a fresh process")
	harness.Eventually(t, func() bool {
		return strings.Count(client.Stdout.String(), sentinel) == 5 && strings.Count(client.Stderr.String(), sentinel) == 5
	}, "a sentinel each")
	assert.Equal(t, "loaded\nout a1\n"+sentinel+"out a2\n"+sentinel+"out a3\n"+sentinel+sentinel+"loaded\nout a5\n"+sentinel, client.Stdout.String())
	assert.Equal(t, strings.Repeat("err\n"+sentinel, 3)+sentinel+"err\n"+sentinel, strings.TrimPrefix(client.Stderr.String(), own))
}

func TestHTTP_Example(t *testing.T) {
	harness.Needs(t, "python3")
	code, err := os.ReadFile("../../examples/hello/http_server.py")
	require.NoError(t, err)
	client := harness.Client(t, harness.Server(t).URL, "http")
	harness.Init(t, client, string(code), nil)
	assert.Equal(t, "Hello, Ada!", harness.Field(t, harness.Run(t, client, "a1", harness.M{"name": "Ada"}), "greeting"))
	harness.Eventually(t, func() bool { return client.Stdout.String() == "greeting Ada\n"+sentinel }, "its log")
}
