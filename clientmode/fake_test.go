package clientmode_test

import (
	"crypto/tls"
	"fmt"
	"io"
	stdlog "log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// request is one that reached the fake server.
type request struct {
	http.Header
	path string
	body string
	n    int // how many came to this path before
	done <-chan struct{}
}

type script func(w http.ResponseWriter, r request)

// fake is a server that answers as its script says; without one every init
// succeeds and every run returns its body.
type fake struct {
	*httptest.Server
	mu      sync.Mutex // guards what follows
	scripts map[string]script
	got     []request
}

func newFake(t *testing.T, scripts map[string]script) *fake {
	t.Helper()
	f := unstarted(scripts)
	f.Start()
	t.Cleanup(f.close)
	return f
}

func unstarted(scripts map[string]script) *fake {
	f := &fake{scripts: map[string]script{}}
	maps.Copy(f.scripts, scripts)
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
	f.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	return f
}

func (f *fake) close() {
	f.CloseClientConnections()
	f.Close()
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	in := request{Header: r.Header.Clone(), path: r.URL.Path, body: string(body), n: f.countLocked(r.URL.Path), done: r.Context().Done()}
	in.Header.Set("X-Length", strconv.FormatInt(r.ContentLength, 10))
	f.got = append(f.got, in)
	answer := f.scripts[r.URL.Path]
	f.mu.Unlock()
	if answer == nil {
		answer = map[string]script{
			runtimespec.PathInit: ok,
			runtimespec.PathRun:  func(w http.ResponseWriter, r request) { result(w, 200, r.body) },
			runtimespec.PathStop: func(w http.ResponseWriter, _ request) { _, _ = io.WriteString(w, `{"ok":true}`) },
		}[r.URL.Path]
	}
	answer(w, in)
}

func (f *fake) countLocked(path string) (n int) {
	for _, r := range f.got {
		if r.path == path {
			n++
		}
	}
	return n
}

// count returns how many requests came to a path.
func (f *fake) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.countLocked(path)
}

// all returns the requests that came to a path.
func (f *fake) all(path string) []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.got), func(r request) bool { return r.path != path })
}

func (f *fake) on(path string, s script) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.scripts[path] = s
}

func ok(w http.ResponseWriter, _ request) { result(w, 200, `{"ok":true}`) }

func log(stream runtimespec.Stream, text string) []byte {
	return runtimespec.AppendLog(nil, stream, []byte(text))
}

// result answers in frames: logs first, then the result.
func result(w http.ResponseWriter, status int, body string, before ...[]byte) {
	w.Header().Set("Content-Type", runtimespec.MediaFrames)
	raw := slices.Concat(before...)
	_, _ = w.Write(runtimespec.AppendFrame(raw, runtimespec.Result, status, []byte(body)))
}

// refuse returns a script that refuses, with the reason's status.
func refuse(reason runtimespec.Reason) script {
	return func(w http.ResponseWriter, _ request) {
		w.Header().Set(runtimespec.HeaderReason, string(reason))
		w.WriteHeader(reason.Status())
		fmt.Fprintf(w, `{"error":"%s it is"}`, reason)
	}
}

// first answers the first n requests one way and the rest another.
func first(n int, one, rest script) script {
	return func(w http.ResponseWriter, r request) {
		if r.n < n {
			one(w, r)
		} else {
			rest(w, r)
		}
	}
}

// echo returns a run's body.
func echo(w http.ResponseWriter, r request) { result(w, 200, r.body) }

// raw answers with bytes of its own and closes the connection.
func raw(text string) script {
	return func(w http.ResponseWriter, _ request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, text)
			_ = conn.Close()
		}
	}
}

// reset closes the connection with a RST.
func reset(w http.ResponseWriter, _ request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

const head = "HTTP/1.1 200 OK\r\nContent-Type: " + runtimespec.MediaFrames + "\r\n"
