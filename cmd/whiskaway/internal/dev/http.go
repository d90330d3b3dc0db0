package dev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/invoker"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// activationHeader carries the activation id, as in the platform's API.
const activationHeader = "X-Openwhisk-Activation-Id"

// ServeHTTP activates the action with a request's arguments and answers with
// its result.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !fromThisHost(r):
		refuse(w, http.StatusForbidden, "only this host's own requests activate the action, not those of another site")
	case r.URL.Path != "/":
		refuse(w, http.StatusNotFound, "the action is at /")
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, POST")
		refuse(w, http.StatusMethodNotAllowed, "GET with a query or POST with a JSON object or a form activates the action")
	default:
		s.activate(w, r)
	}
}

// fromThisHost rejects requests from web pages that a browser on this host
// shows: they would count as the author's own.
func fromThisHost(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *service) activate(w http.ResponseWriter, r *http.Request) {
	args, err := arguments(w, r)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the arguments are larger than %d bytes, which is what a run may have", tooLarge.Limit))
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	v, release, err := s.acquire(r.Context())
	if err != nil {
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	defer release()
	id := invoker.ActivationID()
	w.Header().Set(activationHeader, id)
	reply, err := v.run(r.Context(), id, args)
	if err != nil {
		s.term.Say("run %s: %s, version %d", id, unanswered(r.Context(), err), v.number)
		refuse(w, http.StatusBadGateway, err.Error())
		return
	}
	s.term.Say("run %s: status %d%s after %s, version %d", id, reply.Status, invoker.FailureOf(reply), output.Took(reply.Took), v.number)
	respond(w, reply.Status, append(reply.Body, '\n'))
}

// unanswered returns the reason why a run has no answer.
func unanswered(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return "cancelled, its caller hung up"
	}
	return err.Error()
}

func refuse(w http.ResponseWriter, status int, message string) {
	respond(w, status, append(runtimespec.ErrorBody(message), '\n'))
}

func respond(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that is gone misses it
}
