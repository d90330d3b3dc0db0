// Package invoker plays OpenWhisk's invoker against one container. It sends
// inits and runs as the platform does, and reads the answers.
package invoker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/action"
)

// Invoker sends a container what the platform's invoker would send, on a new
// connection for each request.
type Invoker struct {
	url     string
	action  string // its name, such as /guest/plates
	Version string // new at each update of the action
	limit   time.Duration
	client  http.Client
}

// New returns an invoker for the container at url.
func New(url, action string, limit time.Duration) *Invoker {
	return &Invoker{
		url: strings.TrimRight(url, "/"), action: "/guest/" + action, Version: "0.0.1", limit: limit,
		client: http.Client{Timeout: limit + 5*time.Second, Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}},
	}
}

// ActivationID returns a new id in the platform's form.
func ActivationID() string { return strings.ReplaceAll(uuid.NewString(), "-", "") }

// Init sends the code with the environment that the platform adds.
func (i *Invoker) Init(ctx context.Context, code action.Code, main string, params map[string]string) (Reply, error) {
	id := ActivationID()
	env := map[string]string{
		"__OW_NAMESPACE": "guest", "__OW_ACTION_NAME": i.action, "__OW_ACTION_VERSION": i.Version,
		"__OW_ACTIVATION_ID": id, "__OW_TRANSACTION_ID": "demo", "__OW_DEADLINE": i.deadline(),
	}
	maps.Copy(env, params)
	return i.post(ctx, "/init", id, map[string]any{"value": map[string]any{
		"name": i.action[strings.LastIndexByte(i.action, '/')+1:], "main": main,
		"binary": code.Binary, "code": code.Text, "env": env,
	}})
}

// Run activates the function with value as its arguments.
func (i *Invoker) Run(ctx context.Context, value any) (Reply, error) {
	return i.RunAs(ctx, ActivationID(), value)
}

// RunAs is Run with an activation id of the caller's choice.
func (i *Invoker) RunAs(ctx context.Context, id string, value any) (Reply, error) {
	return i.post(ctx, "/run", id, map[string]any{
		"value": value, "namespace": "guest", "action_name": i.action, "action_version": i.Version,
		"activation_id": id, "transaction_id": "demo", "deadline": i.deadline(),
	})
}

func (i *Invoker) deadline() string {
	return strconv.FormatInt(time.Now().Add(i.limit).UnixMilli(), 10)
}

func (i *Invoker) post(ctx context.Context, path, id string, body any) (Reply, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return Reply{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.url+path, bytes.NewReader(raw))
	if err != nil {
		return Reply{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	start := time.Now()
	resp, err := i.client.Do(req)
	if err != nil {
		return Reply{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.ContentLength < 0 {
		err = errors.New("the answer has no Content-Length: the platform would take the container for dead")
	}
	if err != nil {
		return Reply{}, fmt.Errorf("%s: %w", path, err)
	}
	return Reply{resp.StatusCode, text, id, time.Since(start), path == "/init"}, nil
}
