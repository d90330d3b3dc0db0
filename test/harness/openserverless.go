package harness

import (
	"crypto/md5"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// OpenServerlessAction is a function that both proxies of OpenServerless and
// ours run as it is; its argument "do" says what to answer.
//
//go:embed testdata/openserverless/action.py
var OpenServerlessAction string

//go:embed testdata/openserverless/server.json
var recordedAnswers []byte

// CodeHash returns how OpenServerless names a function.
func CodeHash(code string) string {
	sum := md5.Sum([]byte(code))
	return hex.EncodeToString(sum[:])
}

// OpenServerlessServer stands in for a server proxy of Apache OpenServerless.
// It gives the answers that were recorded from one, and remembers the inits it
// got.
type OpenServerlessServer struct {
	*httptest.Server
	answers map[string]struct {
		Status int
		Body   string
	}

	mu      sync.Mutex // guards what follows
	known   map[string][]string
	fresh   bool
	got     []Received
	special map[string]http.HandlerFunc
}

// Received is a request that a stand-in got.
type Received struct {
	Path, Body string
	Header     http.Header
}

// NewOpenServerlessServer starts a stand-in.
func NewOpenServerlessServer(t testing.TB) *OpenServerlessServer {
	t.Helper()
	s := &OpenServerlessServer{special: map[string]http.HandlerFunc{}}
	require.NoError(t, json.Unmarshal(recordedAnswers, &s.answers))
	s.Restart()
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

// Restart makes it forget everything, as a restarted server does.
func (s *OpenServerlessServer) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.fresh = map[string][]string{}, true
	if s.Server != nil {
		s.CloseClientConnections()
	}
}

// Forget makes it forget one function.
func (s *OpenServerlessServer) Forget(hash string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, hash)
}

// Answer sets the answers to the runs of a "do" in place of the recorded ones,
// or the answer to the next init for "/init", which it still remembers.
func (s *OpenServerlessServer) Answer(do string, with http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.special[do] = with
}

// Leases returns the ids of a function's containers.
func (s *OpenServerlessServer) Leases(hash string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[hash]
}

// Got returns the requests that came to a path.
func (s *OpenServerlessServer) Got(path string) (out []Received) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.got {
		if r.Path == path {
			out = append(out, r)
		}
	}
	return out
}

type peerRequest struct {
	ProxiedActionID, ActionCodeHash string
	Value                           json.RawMessage
}

func (s *OpenServerlessServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var in peerRequest
	bad := json.Unmarshal(body, &in) != nil
	s.mu.Lock()
	s.got = append(s.got, Received{r.URL.Path, string(body), r.Header.Clone()})
	var name string
	var special http.HandlerFunc
	switch r.URL.Path {
	case "/init":
		name, special = s.init(in, bad), s.special["/init"]
		delete(s.special, "/init")
	case "/run":
		name, special = s.run(in, bad)
	case "/stop":
		name = s.stop(in)
	}
	s.mu.Unlock()
	if special != nil {
		special(w, r)
		return
	}
	answer := s.answers[name]
	if answer.Status == 0 {
		panic(http.ErrAbortHandler) // closes the connection
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.Status)
	_, _ = io.WriteString(w, strings.ReplaceAll(answer.Body, "HASH", in.ActionCodeHash))
}
