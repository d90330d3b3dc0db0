package conformance_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

// fake is a small runtime for native actions that passes the cases or, with a
// fault, fails one of them in a known way. It runs as a process of its own: the
// test binary, started again.
type fake struct {
	fault string

	mu       sync.Mutex // guards what follows
	child    *child     // nil before init
	running  int
	calls    map[string]*call // by activation id
	deferred int              // sentinels kept back by a fault
	starting chan struct{}    // held by an init
}

// call is one activation, for those that join it.
type call struct {
	done   chan struct{} // closed when status and body are set
	status int
	body   []byte
}

func (f *fake) has(fault string) bool { return f.fault == fault }

func serveFake() error {
	f := &fake{fault: os.Getenv(faultVariable), calls: map[string]*call{}, starting: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /init", f.init)
	mux.HandleFunc("POST /run", f.run)
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv(portVariable))
	if err != nil {
		return err
	}
	return http.Serve(l, mux)
}

func (f *fake) init(w http.ResponseWriter, r *http.Request) {
	f.starting <- struct{}{}
	defer func() { <-f.starting }()
	var body struct {
		Value struct {
			Code   string
			Binary bool
			Env    map[string]string
		}
	}
	content, err := io.ReadAll(r.Body)
	large, content := cutCode(content)
	if err == nil {
		err = json.Unmarshal(content, &body)
	}
	body.Value.Code += large
	switch {
	case err != nil:
		f.refuse(w, http.StatusBadRequest, err.Error())
		return
	case f.child != nil:
		f.initAgain(w)
		return
	case body.Value.Code == "":
		f.refuse(w, http.StatusForbidden, "Missing main/no code to execute.")
		return
	}
	c, err := startChild(f.fault, body.Value.Code, body.Value.Binary, body.Value.Env)
	if errors.Is(err, errBase64) {
		f.refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if err != nil {
		f.sentinels(1)
		f.refuse(w, http.StatusBadGateway, "cannot start action: "+err.Error())
		return
	}
	f.mu.Lock()
	f.child = c
	f.mu.Unlock()
	if f.has("sentinel after init") {
		f.sentinels(1)
	}
	f.answer(w, http.StatusOK, []byte(`{"ok":true}`))
}

// cutCode takes the code out of a body that starts with it: json is slow on 48
// MiB under the race detector.
func cutCode(body []byte) (code string, rest []byte) {
	const start, end = `{"value":{"code":"`, `",`
	if after, ok := bytes.CutPrefix(body, []byte(start)); ok {
		if text, more, ok := bytes.Cut(after, []byte(end)); ok {
			return string(text), append([]byte(`{"value":{`), more...)
		}
	}
	return "", body
}

func (f *fake) initAgain(w http.ResponseWriter) {
	const message = "Cannot initialize the action more than once."
	if !f.has("second init not logged") {
		fmt.Fprintln(os.Stderr, message)
	}
	if f.has("sentinel after second init") {
		f.sentinels(1)
	}
	f.refuse(w, http.StatusForbidden, message)
}

func (f *fake) run(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	var body struct {
		ID string `json:"activation_id"`
	}
	if err == nil {
		err = json.Unmarshal(content, &body)
	}
	f.mu.Lock()
	if f.deferred > 0 {
		f.writeSentinels(f.deferred)
		f.deferred = 0
	}
	joined, joins := f.calls[body.ID]
	joins = joins && body.ID != "" && !f.has("no joining")
	parallel, _ := strconv.ParseBool(os.Getenv("__OW_ALLOW_CONCURRENT"))
	parallel = parallel && !f.has("never parallel") || f.has("always parallel")
	c := &call{done: make(chan struct{})}
	accepted := err == nil && f.child != nil && !joins && (parallel || f.running == 0)
	if accepted {
		f.running++
		f.calls[body.ID] = c
	}
	child := f.child
	f.mu.Unlock()
	switch {
	case child == nil:
		f.refuse(w, http.StatusInternalServerError, "no action defined yet")
	case err != nil:
		f.refuse(w, http.StatusBadRequest, err.Error())
	case joins:
		<-joined.done
		f.answer(w, joined.status, joined.body)
	case !accepted:
		f.refuse(w, http.StatusForbidden, "System not ready, status is running.")
	default:
		c.status, c.body = f.execute(child, parallel, content)
		close(c.done)
		f.answer(w, c.status, c.body)
	}
}

func (f *fake) execute(child *child, parallel bool, content []byte) (int, []byte) {
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.running--
	}()
	result, err := child.interact(parallel, bytes.ReplaceAll(content, []byte("\n"), nil))
	f.sentinels(1)
	if err != nil {
		return http.StatusBadRequest, errorBody("command exited")
	}
	if trimmed := bytes.TrimSpace(result); !json.Valid(result) || trimmed[0] != '{' && trimmed[0] != '[' {
		if f.has("another error text") {
			return http.StatusBadGateway, errorBody("no dictionary")
		}
		return http.StatusBadGateway, errorBody("The action did not return a dictionary or array.")
	}
	if f.has("numbers through floats") {
		var value any
		_ = json.Unmarshal(result, &value)
		result, _ = json.Marshal(value)
	}
	return http.StatusOK, result
}

// sentinels ends an activation on both streams.
func (f *fake) sentinels(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.has("sentinel twice"):
		n++
	case f.has("sentinel after the answer"):
		f.deferred += n
		return
	}
	f.writeSentinels(n)
}

func (f *fake) writeSentinels(n int) {
	for _, stream := range []*os.File{os.Stdout, os.Stderr} {
		if f.has("no sentinel on " + map[*os.File]string{os.Stdout: "stdout", os.Stderr: "stderr"}[stream]) {
			continue
		}
		if f.has("sentinel glued to a log") {
			fmt.Fprint(stream, "log ")
		}
		fmt.Fprint(stream, strings.Repeat(conformance.Sentinel+"\n", n))
	}
}

func errorBody(message string) []byte {
	body, _ := json.Marshal(map[string]string{"error": message})
	return body
}

func (f *fake) refuse(w http.ResponseWriter, status int, message string) {
	f.answer(w, status, errorBody(message))
}

func (f *fake) answer(w http.ResponseWriter, status int, body []byte) {
	switch {
	case f.has("chunked"):
		w.WriteHeader(status)
		w.(http.Flusher).Flush()
		_, _ = w.Write(body)
		return
	case f.has("no content"):
		w.WriteHeader(http.StatusNoContent)
		return
	case f.has("hang up"):
		panic(http.ErrAbortHandler)
	case f.has("no length"):
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			fmt.Fprintf(conn, "HTTP/1.1 %d X\r\nConnection: close\r\n\r\n%s", status, body)
			_ = conn.Close()
		}
		return
	case f.has("gzip"):
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write(body)
		_ = z.Close()
		body = packed.Bytes()
		w.Header().Set("Content-Encoding", "gzip")
	case f.has("always 200"):
		status = http.StatusOK
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
