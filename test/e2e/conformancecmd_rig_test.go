package e2e_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/test/harness"
)

// agreeable is a runtime that says yes to everything and runs nothing.
const agreeable = `
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_error(404)
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
if len(sys.argv) > 2:
    print(os.getpid(), file=open(sys.argv[2], "a"))
server.serve_forever()
`

func agreeableCommand(t *testing.T) string {
	t.Helper()
	harness.Needs(t, "python3")
	file := filepath.Join(t.TempDir(), "agreeable.py")
	save(t, file, agreeable)
	return "/usr/bin/python3 " + file + " {port}"
}

// chainCommand is client → server, started for each case.
func chainCommand(t *testing.T) string {
	t.Helper()
	harness.Needs(t, "python3")
	return filepath.Join(harness.Bins, "clientmode") + " --listen 127.0.0.1:{port} --upstream " + harness.Server(t, grace).URL
}

type conformanceReport struct {
	Cases                      []struct{ Kind, ID, Verdict, Why string }
	Passed, Failed, NotChecked int
}

func (r conformanceReport) ids(verdict string) []string {
	var ids []string
	for _, c := range r.Cases {
		if c.Verdict == verdict {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// report runs the command and reads its JSON.
func report(t *testing.T, args ...string) (r conformanceReport, stderr string, code int) {
	t.Helper()
	stdout, stderr, code := run(t, "whiskaway", append([]string{"conformance", "--json"}, args...)...)
	require.NoError(t, json.Unmarshal([]byte(stdout), &r), stdout+stderr)
	require.Equal(t, len(r.Cases), r.Passed+r.Failed+r.NotChecked)
	return r, stderr, code
}

// restarter replaces a client container whenever it is asked to, as a command
// on the container's host would.
func restarter(t *testing.T, upstream string) (container, command string) {
	t.Helper()
	harness.Needs(t, "python3")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	var client *exec.Cmd
	end := func() {
		if client != nil {
			_ = client.Process.Kill()
			_ = client.Wait()
		}
	}
	control := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		end()
		client = exec.Command(filepath.Join(harness.Bins, "clientmode"), "--listen", address, "--upstream", upstream, "--kind=python:3")
		client.Env = harness.Env
		assert.NoError(t, client.Start())
	}))
	t.Cleanup(func() { control.Close(); end() })
	return "http://" + address, "/usr/bin/python3 -c 'import urllib.request as u; u.urlopen(\"" + control.URL + "\").read()'"
}

// silent takes connections and never answers.
const silent = `
import os, socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
held = []
while True:
    held.append(s.accept())
    if len(held) == 2: # the first only tries the port
        print(os.getpid(), file=open(sys.argv[2], "a"))
`

// fakeDocker stands for docker: of its environment the container gets what -e
// names, and nothing else.
const fakeDocker = `#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in
  -e) keep="$keep $2 "; shift ;;
  -p) port=${2#127.0.0.1:}; port=${port%%:*}; shift ;;
  esac
  shift
done
for name in __OW_API_HOST __OW_OPERATOR; do
  case "$keep" in *" $name "*) ;; *) unset $name ;; esac
done
exec CLIENT --listen 127.0.0.1:$port --upstream UPSTREAM --kind python:3
`

// pidsIn reads the processes that a command has noted in a file.
func pidsIn(file string) []int {
	text, _ := os.ReadFile(file)
	var pids []int
	for _, word := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(word); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
