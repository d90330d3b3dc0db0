package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// invoker plays OpenWhisk's invoker against one container: a new connection
// for each request, the bodies that it would send.
type invoker struct {
	url     string
	action  string // its name, such as /guest/plates
	version string // new at each update of the action
	limit   time.Duration
	client  http.Client
}

func newInvoker(url, action string, limit time.Duration) *invoker {
	return &invoker{
		url: strings.TrimRight(url, "/"), action: "/guest/" + action, version: "0.0.1", limit: limit,
		client: http.Client{Timeout: limit + 5*time.Second, Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}},
	}
}

// reply is what a container answered.
type reply struct {
	Status     int
	Body       []byte
	Activation string
	Took       time.Duration
	ofInit     bool
}

// failed reports whether the platform would count this as the action's or the
// container's failure, not as an application error.
func (r reply) failed() bool { return r.Status != http.StatusOK }

func activationID() string { return strings.ReplaceAll(uuid.NewString(), "-", "") }

// init sends the code with what the platform adds to an action's parameters.
func (i *invoker) init(ctx context.Context, code code, main string, params map[string]string) (reply, error) {
	id := activationID()
	env := map[string]string{
		"__OW_NAMESPACE": "guest", "__OW_ACTION_NAME": i.action, "__OW_ACTION_VERSION": i.version,
		"__OW_ACTIVATION_ID": id, "__OW_TRANSACTION_ID": "demo", "__OW_DEADLINE": i.deadline(),
	}
	for k, v := range params {
		env[k] = v
	}
	return i.post(ctx, "/init", id, map[string]any{"value": map[string]any{
		"name": i.action[strings.LastIndexByte(i.action, '/')+1:], "main": main,
		"binary": code.binary, "code": code.text, "env": env,
	}})
}

// run activates the function with value as its arguments.
func (i *invoker) run(ctx context.Context, value any) (reply, error) {
	return i.runAs(ctx, activationID(), value)
}

// runAs is run with an activation id that the caller has chosen.
func (i *invoker) runAs(ctx context.Context, id string, value any) (reply, error) {
	return i.post(ctx, "/run", id, map[string]any{
		"value": value, "namespace": "guest", "action_name": i.action, "action_version": i.version,
		"activation_id": id, "transaction_id": "demo", "deadline": i.deadline(),
	})
}

func (i *invoker) deadline() string {
	return strconv.FormatInt(time.Now().Add(i.limit).UnixMilli(), 10)
}

func (i *invoker) post(ctx context.Context, path, id string, body any) (reply, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return reply{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.url+path, bytes.NewReader(raw))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	start := time.Now()
	resp, err := i.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.ContentLength < 0 {
		err = errors.New("the answer has no Content-Length: the platform would take the container for dead")
	}
	if err != nil {
		return reply{}, fmt.Errorf("%s: %w", path, err)
	}
	return reply{resp.StatusCode, text, id, time.Since(start), path == "/init"}, nil
}
