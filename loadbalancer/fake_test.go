package loadbalancer_test

import (
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// request is one that reached a fake server.
type request struct {
	http.Header
	path string
	body string
	n    int // how many came to this path before
	done <-chan struct{}
}

type script func(f *fake, w http.ResponseWriter, r request)

// fake is a server that answers as its scripts say; without one it is ready,
// every init succeeds and every run returns its body.
type fake struct {
	*httptest.Server
	mu      sync.Mutex // guards what follows
	id      string
	scripts map[string]script
	got     []request
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{id: uuid.NewString(), scripts: map[string]script{
		runtimespec.PathReady:     ready,
		runtimespec.PathFunctions: functions(""),
		runtimespec.PathInit:      ok,
		runtimespec.PathRun:       echo,
		runtimespec.PathStop:      ok,
	}}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
	f.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	f.Start()
	t.Cleanup(f.close)
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
	f.got = append(f.got, in)
	answer := f.scripts[r.URL.Path]
	w.Header().Set(runtimespec.HeaderServer, f.id)
	w.Header().Set(runtimespec.HeaderLoad, "TEXT named_metrics.in_flight=0, named_metrics.slots=4, named_metrics.queued=0")
	f.mu.Unlock()
	answer(f, w, in)
}

func (f *fake) countLocked(path string) (n int) {
	for _, r := range f.got {
		if r.path == path {
			n++
		}
	}
	return n
}

// count is how many requests came to a path.
func (f *fake) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.countLocked(path)
}

// all are the requests that came to a path.
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

// restart makes it another process that has forgotten all.
func (f *fake) restart() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.id = uuid.NewString()
	return f.id
}

func write(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = io.WriteString(w, text)
}

func ready(_ *fake, w http.ResponseWriter, _ request) { write(w, `{"ready":true,"changes":1}`) }
func ok(_ *fake, w http.ResponseWriter, _ request)    { write(w, `{"ok":true}`) }
func echo(_ *fake, w http.ResponseWriter, r request)  { write(w, r.body) }
func functions(list string) script {
	return func(_ *fake, w http.ResponseWriter, _ request) { write(w, `{"functions":[`+list+`]}`) }
}

// refuse is a script that refuses, with the reason's status.
func refuse(reason runtimespec.Reason) script {
	return func(_ *fake, w http.ResponseWriter, _ request) {
		w.Header().Set(runtimespec.HeaderReason, string(reason))
		if reason.Transient() {
			w.Header().Set("Retry-After", "1")
		}
		w.WriteHeader(reason.Status())
		fmt.Fprintf(w, `{"error":"%s it is"}`, reason)
	}
}

// draining is what a server answers to a probe that is about to end.
func draining(_ *fake, w http.ResponseWriter, _ request) {
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, `{"ready":false,"reason":"draining"}`)
}

// first answers the first n requests one way and the rest another.
func first(n int, one, rest script) script {
	return func(f *fake, w http.ResponseWriter, r request) {
		if r.n < n {
			one(f, w, r)
		} else {
			rest(f, w, r)
		}
	}
}

// raw answers with bytes of its own and closes the connection.
func raw(text string) script {
	return func(f *fake, w http.ResponseWriter, _ request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, text)
			_ = conn.Close()
		}
	}
}

// reset closes the connection with a RST.
func reset(_ *fake, w http.ResponseWriter, _ request) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// hang answers when the test, or the caller, ends it.
func hang(until <-chan struct{}) script {
	return func(f *fake, w http.ResponseWriter, r request) {
		select {
		case <-until:
			echo(f, w, r)
		case <-r.done:
		}
	}
}
