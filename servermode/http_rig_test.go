package servermode_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// webServer is a function that is a web server. MODE says how it starts, a posted
// argument what it does.
const webServer = `#!/usr/bin/python3
import json, os, signal, socket, subprocess, sys, threading, time
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

mode, port, host = os.environ.get("MODE", ""), int(os.environ["PORT"]), os.environ["HOST"]
print("loading", flush=True)
if mode == "exits":
    sys.exit("no model")
if mode == "never":
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    time.sleep(1000)
if mode == "slow":
    time.sleep(0.7)
if mode == "elsewhere":
    port = 0
if mode == "six":
    host = "::1"
if mode == "exposed":
    host = "0.0.0.0"
asked, gate = 0, threading.Barrier(5)

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, body, status=200, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        global asked
        asked += 1
        if self.path == "/health" and mode == "stuck":
            time.sleep(1000)
        if self.path == "/health":
            return self.answer(b"{}", 503 if mode == "sick" or asked < 3 else 200)
        self.answer(("you asked for " + self.path).encode(), 404, "text/plain")

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        do = json.loads(raw)
        if do == "pid":
            raw = json.dumps({"pid": os.getpid(), "user": os.getuid(), "port": port, "asked": asked}).encode()
        elif do == "facts":
            raw = json.dumps({"path": self.path, "stdin": len(sys.stdin.read()), "fd3": os.readlink("/proc/self/fd/3"), "more": os.path.exists("/proc/self/fd/4") and "socket:" not in os.readlink("/proc/self/fd/4"),
                              "id": self.headers["X-OpenWhisk-Activation-Id"], "mine": os.environ.get("MINE")}).encode()
        elif do == "log":
            print("out", flush=True)
            print("err", file=sys.stderr)
        elif do == "sleep":
            child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
            open(os.environ["TMPDIR"] + "/child", "w").write(str(child.pid))
            print("sleeping", flush=True)
            time.sleep(1000)
        elif do == "die":
            print("last words", flush=True)
            os._exit(3)
        elif do == "throw":
            self.close_connection = True
            return
        elif do == "garbage":
            self.wfile.write(b"this is no HTTP\r\n\r\n")
            self.close_connection = True
            return
        elif do == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
            self.close_connection = True
            return
        elif do == "big":
            raw = json.dumps({"x": "x" * 5000000}).encode()
        elif do == "redirect":
            return self.answer(b"", 307, "text/plain")
        elif do == "answer then exit":
            self.answer(b'{"done":true}')
            self.wfile.flush()
            os._exit(0)
        elif do == "close":
            server.socket.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return self.answer(b'{"closed":true}')
        elif do == "hold":
            print("held", flush=True)
            while not os.path.exists(os.environ["TMPDIR"] + "/go"):
                time.sleep(0.01)
        elif do == "meet":
            gate.wait(20)
        elif isinstance(do, dict) and "log" in do:
            print(do["log"], flush=True)
        self.answer(raw)

ThreadingHTTPServer.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
server = (HTTPServer if mode == "single" else ThreadingHTTPServer)((host, port), Handler)
server.serve_forever()
`

// newWeb returns a web server function in a mode, with a mark that its processes
// carry.
func newWeb(mode string, env map[string]string) (f target, mark string) {
	mark = uuid.NewString()
	all := map[string]string{"MODE": mode, "TEST_MARK": mark}
	for key, value := range env {
		all[key] = value
	}
	return newTarget("http", webServer, all), mark
}

// marked counts the processes that carry a mark.
func marked(mark string) (n int) {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		if env, err := os.ReadFile(file); err == nil && strings.Contains(string(env), mark) {
			n++
		}
	}
	return n
}

// initFrames sends an init and asks for its logs. limit is its limit in
// milliseconds; empty: the server's.
func (r *rig) initFrames(f target, limit string) got {
	r.t.Helper()
	h := f.header()
	h.Set("Accept", runtimespec.MediaFrames)
	if limit != "" {
		h.Set(runtimespec.HeaderTimeout, limit)
	}
	return r.send(runtimespec.PathInit, h, f.body(true))
}

// nothingLeft checks that a function's processes are gone.
func (r *rig) nothingLeft(t *testing.T, mark string) {
	t.Helper()
	r.eventually(func() bool { return marked(mark) == 0 })
}
