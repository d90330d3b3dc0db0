package clientmode

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

var okBody = []byte(`{"ok":true}`)

// foreignAnswer is one of an OpenServerless server.
type foreignAnswer struct {
	status int
	reason runtimespec.Reason // a server of ours gives one in this dialect too
	body   []byte
	run    *envelope // of a run that was answered 200; nil: it is no such answer
}

func readForeign(resp *hop.Response, path string, maxResult int) (a *foreignAnswer, err error) {
	a = &foreignAnswer{status: resp.Status, reason: runtimespec.Reason(resp.Head.Get(runtimespec.HeaderReason))}
	if path == runtimespec.PathRun && a.status == http.StatusOK && strings.HasPrefix(resp.Head.Get("Content-Type"), "application/json") {
		a.run, err = readEnvelope(resp, maxResult)
		return a, err
	}
	limit := int64(maxResult) + 1
	if path == runtimespec.PathStop && a.status == http.StatusInternalServerError && resp.Size > 0 {
		// It may never have been initialised. Not read to its end, an answer closes
		// its connection, which no run may take before an init.
		limit = resp.Size - 1
	}
	a.body, err = io.ReadAll(io.LimitReader(resp, limit))
	return a, err
}

// neverInitialised reports whether the server says that it got no init since
// its start.
func (a *foreignAnswer) neverInitialised() bool {
	return a.status == http.StatusInternalServerError && bytes.Contains(a.body, []byte("Server proxy data not initialized"))
}

// known reports whether it is one that such a server gives.
func (a *foreignAnswer) known() bool {
	return a.run != nil || a.reason != "" || runtimespec.HasMember(a.body, "ok", "error")
}

// response is the answer as it came; without a reason it is taken for something
// else's than such a server's.
func (a *foreignAnswer) response(reason runtimespec.Reason) *hop.Response {
	return response(a.status, reason, a.body)
}

// refused finds out what a refusal means in our terms: above all, whether
// something was started.
func (o *openServerless) refused(path string, a *foreignAnswer, err error) (*hop.Response, error) {
	if err != nil {
		return nil, err
	}
	reason := a.reason
	switch {
	case reason != "" || !runtimespec.HasMember(a.body, "error"):
	case path == runtimespec.PathInit:
		reason = runtimespec.InitFailed
	case a.status == http.StatusNotFound:
		reason = runtimespec.UnknownFunction
	case a.says(http.StatusBadRequest, "cannot unmarshal array"):
		return response(a.status, runtimespec.BadRequest, runtimespec.ErrorBody(fmt.Sprintf(
			"%s speaks OpenServerless' dialect and takes only an object as arguments, no array", o.name))), nil
	case a.says(http.StatusInternalServerError, "no action defined yet"), a.says(http.StatusInternalServerError, "command exited"):
		return response(http.StatusBadGateway, runtimespec.Crashed, runtimespec.ErrorBody(fmt.Sprintf(
			"the action's process has ended, and %s, which speaks OpenServerless' dialect, starts no other for the same code: restart that server or change the code", o.name))), nil
	case a.says(http.StatusBadRequest, "command exited"):
		reason = runtimespec.Crashed
	case a.status == http.StatusBadGateway:
		reason = runtimespec.BadResult
	case a.status == http.StatusBadRequest:
		reason = runtimespec.BadRequest
	default:
		reason = runtimespec.Internal
	}
	return a.response(reason), nil
}

func (a *foreignAnswer) says(status int, text string) bool {
	return a.status == status && bytes.Contains(a.body, []byte(text))
}

// response is an answer of ours that is not in frames.
func response(status int, reason runtimespec.Reason, body []byte) *hop.Response {
	head := "Content-Type: application/json\r\n"
	if reason != "" {
		head += runtimespec.HeaderReason + ": " + string(reason) + "\r\n"
	}
	return hop.Answer(status, head, bytes.NewReader(body))
}

// frames is an answer of ours: the logs of a run, and a result.
func frames(logs *envelope, result []byte) *hop.Response {
	var head []byte
	if logs != nil {
		head = runtimespec.AppendLog(head, runtimespec.Stdout, logs.out)
		head = runtimespec.AppendLog(head, runtimespec.Stderr, logs.err)
	}
	head = runtimespec.AppendFrameHeader(head, runtimespec.Result, http.StatusOK, len(result))
	return hop.Answer(http.StatusOK, "Content-Type: "+runtimespec.MediaFrames+"\r\n", io.MultiReader(bytes.NewReader(head), bytes.NewReader(result)))
}
