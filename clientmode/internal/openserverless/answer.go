package openserverless

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"

	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

var okBody = []byte(`{"ok":true}`)

// answer is the server's answer to one request.
type answer struct {
	status int
	reason runtimespec.Reason // servers of the contract give one in this dialect too
	body   []byte
	run    *envelope // of a run's 200; nil: another answer
}

func readAnswer(resp *upstream.Response, path string, maxResult int) (a *answer, err error) {
	a = &answer{status: resp.Status, reason: runtimespec.Reason(resp.Head.Get(runtimespec.HeaderReason))}
	if path == runtimespec.PathRun && a.status == http.StatusOK && strings.HasPrefix(resp.Head.Get("Content-Type"), "application/json") {
		a.run, err = readEnvelope(resp, maxResult)
		return a, err
	}
	limit := int64(maxResult) + 1
	if path == runtimespec.PathStop && a.status == http.StatusInternalServerError && resp.Size > 0 {
		// The server may never have been initialised. An answer that is not read
		// to its end closes its connection, which no run may use before an init.
		limit = resp.Size - 1
	}
	a.body, err = io.ReadAll(io.LimitReader(resp, limit))
	return a, err
}

// neverInitialised reports whether the server says that it got no init since its
// start.
func (a *answer) neverInitialised() bool {
	return a.status == http.StatusInternalServerError && bytes.Contains(a.body, []byte("Server proxy data not initialized"))
}

// known reports whether the answer is one of this dialect.
func (a *answer) known() bool {
	return a.run != nil || a.reason != "" || runtimespec.HasMember(a.body, "ok", "error")
}

// response returns the answer unchanged. Without a reason it counts as an answer
// of something else.
func (a *answer) response(reason runtimespec.Reason) *upstream.Response {
	return response(a.status, reason, a.body)
}

// refused translates a refusal into the contract's terms: above all, whether
// anything was started.
func (s *Adapter) refused(path string, a *answer, err error) (*upstream.Response, error) {
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
			"%s speaks OpenServerless' dialect and takes only an object as arguments, no array", s.name))), nil
	case a.says(http.StatusInternalServerError, "no action defined yet"), a.says(http.StatusInternalServerError, "command exited"):
		return response(http.StatusBadGateway, runtimespec.Crashed, runtimespec.ErrorBody(fmt.Sprintf(
			"the action's process has ended, and %s, which speaks OpenServerless' dialect, starts no other for the same code: restart that server or change the code", s.name))), nil
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

func (a *answer) says(status int, text string) bool {
	return a.status == status && bytes.Contains(a.body, []byte(text))
}

// response returns an answer of the contract without frames.
func response(status int, reason runtimespec.Reason, body []byte) *upstream.Response {
	head := "Content-Type: application/json\r\n"
	if reason != "" {
		head += runtimespec.HeaderReason + ": " + string(reason) + "\r\n"
	}
	return upstream.Answer(status, head, bytes.NewReader(body))
}

// frames returns an answer of the contract: a run's logs and a result. The head
// of an oversized result names its full size, which is all that its reader needs.
func frames(run *envelope, result []byte) *upstream.Response {
	var head []byte
	size := len(result)
	if run != nil {
		head = runtimespec.AppendLog(head, runtimespec.Stdout, run.out)
		head = runtimespec.AppendLog(head, runtimespec.Stderr, run.err)
		size = int(min(run.size, math.MaxUint32))
	}
	head = runtimespec.AppendFrameHeader(head, runtimespec.Result, http.StatusOK, size)
	return upstream.Answer(http.StatusOK, "Content-Type: "+runtimespec.MediaFrames+"\r\n", io.MultiReader(bytes.NewReader(head), bytes.NewReader(result)))
}
