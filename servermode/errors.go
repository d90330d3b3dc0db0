package servermode

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"go.uber.org/zap"

	refusals "github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
)

// Refusal is an error with a reason of the contract and a public message.
type Refusal = refusals.Refusal

func refusal(reason runtimespec.Reason, message string) *Refusal {
	return &Refusal{Reason: reason, Message: message}
}

// refuse answers a request with an error, all of it in one write.
func (s *Server) refuse(c *call, err error) {
	r := outcome.Refusal(err)
	s.note(c, r, err)
	h := c.w.Header()
	h.Set(runtimespec.HeaderReason, string(r.Reason))
	if seconds, ok := r.RetrySeconds(); ok {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	writeJSON(c.w, r.StatusCode(), r.Body())
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// note logs a refusal, louder when it is the server's own fault.
func (s *Server) note(c *call, r *Refusal, err error) {
	c.failed(r.Reason)
	fields := []zap.Field{zap.String("reason", string(r.Reason)), zap.Error(err), c.traceID()}
	switch r.Reason {
	case runtimespec.Internal, runtimespec.StartFailed, runtimespec.HostFailed:
		s.log.Error("refused", fields...)
	default:
		if !errors.Is(err, context.Canceled) {
			s.log.Debug("refused", fields...)
		}
	}
}
