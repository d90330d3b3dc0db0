package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// lease is the lease under which the functions are held.
const lease = "0b9d3c52-7a5e-4c1f-9d0e-2f6a8b1c4d3e"

// function is one function, as a client container knows it.
type function struct {
	kind   string
	code   string
	binary bool // the code is base64
	env    map[string]string
	token  string // of its tenant; empty: the server has none
}

// initBody returns the platform's init.
func (f *function) initBody() []byte {
	body, err := json.Marshal(map[string]any{"value": map[string]any{
		"name": "bench", "main": "main", "binary": f.binary, "code": f.code, "env": f.env,
	}})
	if err != nil {
		panic(err) // strings cannot fail
	}
	return body
}

// init returns the request that makes the function known to a server.
func (f *function) init() []byte {
	body := f.initBody()
	return append([]byte(f.head(runtimespec.PathInit, "", len(body))), body...)
}

// head returns a request's head, up to its body.
func (f *function) head(path, id string, length int) string {
	spec := runtimespec.Function{Kind: f.kind, Main: "main", Binary: f.binary, Code: sha256.Sum256([]byte(f.code)), Env: f.env}
	var h strings.Builder
	fmt.Fprintf(&h, "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\nAccept: %s\r\n", path, length, runtimespec.MediaFrames)
	fmt.Fprintf(&h, "%s: %s\r\n%s: %s\r\n%s: %s\r\n%s: 60000\r\n", runtimespec.HeaderFunction, spec.Identity(),
		runtimespec.HeaderLease, lease, runtimespec.HeaderKind, f.kind, runtimespec.HeaderTimeout)
	if f.token != "" {
		fmt.Fprintf(&h, "Authorization: Bearer %s\r\n", f.token)
	}
	if id != "" {
		fmt.Fprintf(&h, "%s: %s\r\n", runtimespec.HeaderActivation, id)
	}
	return h.String() + "\r\n"
}

// request is a run that is sent over and over, built once: only its activation
// id differs from one to the next.
type request struct {
	text []byte
	at   []int // where the activation id stands
}

// run returns a request to run the function with a value, a JSON text.
func (f *function) run(value string) request {
	id := newID()
	body := runBody(value, id)
	return newRequest(f.head(runtimespec.PathRun, id, len(body))+body, id)
}

func runBody(value, id string) string {
	return fmt.Sprintf(`{"value":%s,"activation_id":"%s"}`, value, id)
}

func newRequest(text, id string) (r request) {
	r.text = []byte(text)
	for at := 0; ; {
		next := bytes.Index(r.text[at:], []byte(id))
		if next < 0 {
			return r
		}
		r.at = append(r.at, at+next)
		at += next + len(id)
	}
}

// own returns a copy for one caller, with ids of its own.
func (r request) own() request { return request{bytes.Clone(r.text), r.at} }

// as makes it the run with this activation id.
func (r request) as(id string) []byte {
	for _, at := range r.at {
		copy(r.text[at:], id)
	}
	return r.text
}

var lastID atomic.Uint64

// newID returns a new activation id, 32 hex digits.
func newID() string { return fmt.Sprintf("be0c%028x", lastID.Add(1)) }
