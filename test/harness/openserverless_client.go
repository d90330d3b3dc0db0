package harness

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// OpenServerlessClient stands in for a client proxy of Apache OpenServerless: it
// sends what one was recorded to send, and treats answers as that does.
type OpenServerlessClient struct {
	t              testing.TB
	server         string
	ID, Hash       string
	stdout, stderr Buffer
}

// NewOpenServerlessClient returns a stand-in in front of a server.
func NewOpenServerlessClient(t testing.TB, server string) *OpenServerlessClient {
	return &OpenServerlessClient{t: t, server: server}
}

// The fields of these are in the order in which that client has them.
type peerInit struct {
	ProxiedActionID string `json:"proxiedActionID,omitempty"`
	Value           struct {
		Code   string         `json:"code,omitempty"`
		Binary bool           `json:"binary,omitempty"`
		Main   string         `json:"main,omitempty"`
		Env    map[string]any `json:"env,omitempty"`
	} `json:"value,omitempty"`
}

type peerRun struct {
	ActionCodeHash string         `json:"actionCodeHash,omitempty"`
	Value          map[string]any `json:"value,omitempty"`
}

type peerStop struct {
	ActionCodeHash  string `json:"actionCodeHash,omitempty"`
	ProxiedActionID string `json:"proxiedActionID,omitempty"`
}

// Init sends what the client makes of an invoker's init.
func (c *OpenServerlessClient) Init(body []byte) Answer {
	return c.post("/init", c.InitRequest(body))
}

// InitRequest returns what the client makes of an init.
func (c *OpenServerlessClient) InitRequest(body []byte) []byte {
	c.t.Helper()
	var init peerInit
	require.NoError(c.t, json.Unmarshal(body, &init))
	c.ID, c.Hash = uuid.NewString(), CodeHash(init.Value.Code)
	init.ProxiedActionID = c.ID
	init.Value.Main, _, _ = strings.Cut(init.Value.Main, "@")
	if init.Value.Env == nil {
		init.Value.Env = map[string]any{}
	}
	init.Value.Env["__OW_CODE_HASH"] = c.Hash
	return c.encode(init)
}

// Run sends what the client makes of an invoker's run, and does with the answer
// what the client does.
func (c *OpenServerlessClient) Run(body []byte) Answer {
	c.t.Helper()
	a := c.post("/run", c.RunRequest(body))
	if a.Status != http.StatusOK {
		return a
	}
	var answer struct {
		Response json.RawMessage
		Out, Err string
	}
	require.NoError(c.t, json.Unmarshal([]byte(a.Body), &answer), a.Body)
	_, _ = io.WriteString(&c.stdout, answer.Out)
	if answer.Err != "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n" {
		_, _ = io.WriteString(&c.stderr, answer.Err)
	}
	a.Body = string(answer.Response)
	return a
}

// RunRequest returns what the client makes of a run.
func (c *OpenServerlessClient) RunRequest(body []byte) []byte {
	c.t.Helper()
	var run peerRun
	require.NoError(c.t, json.Unmarshal(body, &run))
	run.ActionCodeHash = c.Hash
	return c.encode(run)
}

// Stop sends what the client sends when it is terminated.
func (c *OpenServerlessClient) Stop() Answer {
	return c.post("/stop", c.encode(peerStop{c.Hash, c.ID}))
}

// Streams returns what the container's streams show.
func (c *OpenServerlessClient) Streams() (stdout, stderr string) {
	return c.stdout.String(), c.stderr.String()
}

func (c *OpenServerlessClient) encode(v any) []byte { return Encode(c.t, v) }

// Encode is v as JSON.
func Encode(t testing.TB, v any) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, json.NewEncoder(&buf).Encode(v))
	return buf.Bytes()
}

func (c *OpenServerlessClient) post(path string, body []byte) Answer {
	c.t.Helper()
	req, err := http.NewRequest(http.MethodPost, c.server+path, bytes.NewReader(body))
	require.NoError(c.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", "127.0.0.1")
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	return Answer{resp.StatusCode, string(text), resp.Header}
}
