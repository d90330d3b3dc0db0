// Package openserverless lets the client container use a server that speaks the
// dialect of Apache OpenServerless' proxies. An adapter stands before the
// connection: it takes requests of the contract and gives answers of the contract.
package openserverless

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// sender carries requests to the server.
type sender interface {
	Send(ctx context.Context, r *upstream.Request) (*upstream.Response, error)
	CloseIdle()
	String() string
}

// Adapter is one function at a server of that dialect. The server knows the
// function by the MD5 of its code, and counts one use of it for each init, under
// the container's id.
type Adapter struct {
	sender
	hash      string // of the code
	id        string // of the container
	name      string // of the server, for authors
	maxResult int

	mu        sync.Mutex // guards what follows, never held across I/O
	inits     int        // inits that may have arrived, less the stopped ones
	known     bool       // the last answer was one of this dialect
	abandoned bool       // a run that was given up may still be executing
}

// errRunAbandoned holds back a stop, which would take the server down in the
// middle of a run.
var errRunAbandoned = errors.New("a run that was given up may go on at the server, which a stop would take down")

func notSent(err error) bool { return errors.Is(err, upstream.ErrNotSent) }

// Send sends one request in the server's dialect.
func (s *Adapter) Send(ctx context.Context, r *upstream.Request) (*upstream.Response, error) {
	switch r.Path {
	case runtimespec.PathInit:
		return s.sendInit(ctx, r)
	case runtimespec.PathRun:
		return s.sendRun(ctx, r)
	}
	if r.Header.Get(runtimespec.HeaderActivation) != "" {
		return response(http.StatusOK, "", okBody), nil // there is no cancelling in this dialect
	}
	return s.sendStops(ctx)
}

func (s *Adapter) sendInit(ctx context.Context, r *upstream.Request) (*upstream.Response, error) {
	s.mu.Lock()
	s.inits++ // also one whose answer is lost
	s.mu.Unlock()
	a, err := s.ask(ctx, &upstream.Request{Path: r.Path, Header: header(r.Header), Body: r.Body, Size: r.Size, Open: r.Open})
	if err != nil || a.status != http.StatusOK {
		if notSent(err) || err == nil {
			s.mu.Lock()
			s.inits--
			s.mu.Unlock()
		}
		return s.refused(r.Path, a, err)
	}
	if !runtimespec.HasMember(a.body, "ok") {
		return a.response(""), nil
	}
	return frames(nil, okBody), nil
}

func (s *Adapter) sendRun(ctx context.Context, r *upstream.Request) (*upstream.Response, error) {
	body, err := s.runBody(r)
	if err != nil {
		return response(http.StatusBadRequest, runtimespec.BadRequest, runtimespec.ErrorBody(err.Error())), nil
	}
	run := &upstream.Request{Path: r.Path, Header: header(r.Header), Body: body, Used: true}
	s.mu.Lock()
	before, known := s.abandoned, s.known
	s.mu.Unlock()
	var a *answer
	if known {
		a, err = s.ask(ctx, run)
	}
	if !known || notSent(err) {
		if forgot, err := s.wasRestarted(ctx); err != nil {
			return nil, fmt.Errorf("%w: %w", upstream.ErrNotSent, err)
		} else if forgot {
			return response(http.StatusNotFound, runtimespec.UnknownFunction, runtimespec.ErrorBody("the server was started again")), nil
		}
		a, err = s.ask(ctx, run)
	}
	s.mu.Lock()
	switch {
	case err != nil && ctx.Err() != nil && !notSent(err):
		s.abandoned = true
	case err == nil && before:
		s.abandoned = false // runs are answered in order
	}
	s.mu.Unlock()
	if err != nil || a.status != http.StatusOK {
		return s.refused(r.Path, a, err)
	}
	if a.run == nil {
		return a.response(""), nil
	}
	return frames(a.run, a.run.response), nil
}

// wasRestarted asks a server whether it was restarted. Until its first init such
// a server drops a run without an answer, which looks like a run that started. So
// it is asked before a run goes over a new connection, by a stop of an unknown
// container, which changes nothing there.
func (s *Adapter) wasRestarted(ctx context.Context) (bool, error) {
	a, err := s.ask(ctx, s.stopRequest(uuid.NewString()))
	return err == nil && a.neverInitialised(), err
}

// sendStops sends as many stops as inits may have arrived.
func (s *Adapter) sendStops(ctx context.Context) (*upstream.Response, error) {
	s.mu.Lock()
	inits, abandoned := s.inits, s.abandoned
	s.mu.Unlock()
	if abandoned {
		return nil, errRunAbandoned
	}
	for ; inits > 0; inits-- {
		a, err := s.ask(ctx, s.stopRequest(s.id))
		switch {
		case err != nil:
			return nil, err
		case a.status == http.StatusNotFound || a.neverInitialised():
			inits = 1 // nothing is left to stop
		case a.status != http.StatusOK:
			return a.response(runtimespec.Internal), nil
		}
	}
	return response(http.StatusOK, "", okBody), nil
}

func (s *Adapter) stopRequest(id string) *upstream.Request {
	body := fmt.Appendf(nil, `{"actionCodeHash":%q,"proxiedActionID":%q}`, s.hash, id)
	return &upstream.Request{Path: runtimespec.PathStop, Header: header(nil), Body: body}
}

// ask sends a request and reads the whole answer.
func (s *Adapter) ask(ctx context.Context, r *upstream.Request) (*answer, error) {
	resp, err := s.sender.Send(ctx, r)
	var a *answer
	if err == nil {
		defer resp.Close()
		a, err = readAnswer(resp, r.Path, s.maxResult)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = err == nil && a.known()
	return a, err
}

// runBody returns a run's body with the hash of the code as its last member: of
// duplicate members, the server uses the last one.
func (s *Adapter) runBody(r *upstream.Request) ([]byte, error) {
	member := fmt.Sprintf(`"actionCodeHash":%q}`, s.hash)
	body := bytes.TrimSpace(r.Body)
	inner, ok := bytes.CutSuffix(body, []byte("}"))
	if string(body) == "null" {
		inner, ok = []byte("{"), true
	}
	inner = bytes.TrimRight(inner, " \t\r\n")
	if !ok || len(inner) == 0 || inner[0] != '{' {
		return nil, errors.New("the run's body is no JSON object")
	}
	if len(bytes.TrimSpace(inner[1:])) > 0 {
		member = "," + member
	}
	return append(inner[:len(inner):len(inner)], member...), nil
}

// header returns the fields that this dialect uses.
func header(h upstream.Header) upstream.Header {
	out := upstream.Header{{Name: "Content-Type", Value: "application/json"}}
	for _, f := range h {
		if f.Name == runtimespec.HeaderTimeout || f.Name == runtimespec.HeaderTrace || f.Name == runtimespec.HeaderTraceState {
			out = append(out, f)
		}
	}
	return out
}
