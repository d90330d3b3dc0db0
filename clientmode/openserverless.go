package clientmode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/google/uuid"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// openServerless is an upstream that speaks the dialect of Apache
// OpenServerless: it takes requests of ours and gives answers of ours. That
// server knows a function by the MD5 of its code, and its container by an id
// that each init adds once more.
type openServerless struct {
	Upstream
	hash      string // of the code
	id        string // of this container
	name      string // of the server, for authors
	maxResult int

	mu        sync.Mutex // guards what follows, never held across I/O
	inits     int        // that may have arrived and are not stopped
	sure      bool       // its last answer was one of this dialect
	abandoned bool       // a run was left that may go on
}

// errStillRunning keeps a stop from a server that it would take down.
var errStillRunning = errors.New("a run that was given up may go on at the server, which a stop would take down")

// Send sends one request in the server's dialect.
func (o *openServerless) Send(ctx context.Context, r *hop.Request) (*hop.Response, error) {
	switch r.Path {
	case runtimespec.PathInit:
		return o.sendInit(ctx, r)
	case runtimespec.PathRun:
		return o.sendRun(ctx, r)
	}
	if r.Header.Get(runtimespec.HeaderActivation) != "" {
		return response(http.StatusOK, "", okBody), nil // there is no cancelling in this dialect
	}
	return o.sendStops(ctx)
}

func (o *openServerless) sendInit(ctx context.Context, r *hop.Request) (*hop.Response, error) {
	o.mu.Lock()
	o.inits++ // also one whose answer is lost
	o.mu.Unlock()
	a, err := o.ask(ctx, &hop.Request{Path: r.Path, Header: foreign(r.Header), Body: r.Body, Size: r.Size, Open: r.Open})
	if err != nil || a.status != http.StatusOK {
		if unsent(err) || err == nil {
			o.mu.Lock()
			o.inits--
			o.mu.Unlock()
		}
		return o.refused(r.Path, a, err)
	}
	if !runtimespec.HasMember(a.body, "ok") {
		return a.response(""), nil
	}
	return frames(nil, okBody), nil
}

func (o *openServerless) sendRun(ctx context.Context, r *hop.Request) (*hop.Response, error) {
	body, err := o.runBody(r)
	if err != nil {
		return response(http.StatusBadRequest, runtimespec.BadRequest, runtimespec.ErrorBody(err.Error())), nil
	}
	run := &hop.Request{Path: r.Path, Header: foreign(r.Header), Body: body, Used: true}
	o.mu.Lock()
	before, sure := o.abandoned, o.sure
	o.mu.Unlock()
	var a *foreignAnswer
	if sure {
		a, err = o.ask(ctx, run)
	}
	if !sure || unsent(err) {
		if forgot, err := o.restarted(ctx); err != nil {
			return nil, fmt.Errorf("%w: %w", hop.ErrNotSent, err)
		} else if forgot {
			return response(http.StatusNotFound, runtimespec.UnknownFunction, runtimespec.ErrorBody("the server was started again")), nil
		}
		a, err = o.ask(ctx, run)
	}
	o.mu.Lock()
	switch {
	case err != nil && ctx.Err() != nil && !unsent(err):
		o.abandoned = true
	case err == nil && before:
		o.abandoned = false // runs are answered in the order in which they came
	}
	o.mu.Unlock()
	if err != nil || a.status != http.StatusOK {
		return o.refused(r.Path, a, err)
	}
	if a.run == nil {
		return a.response(""), nil
	}
	if a.run.size > int64(o.maxResult) {
		return frames(a.run, tooLarge(http.StatusOK, a.run.size, o.maxResult, "").body), nil
	}
	return frames(a.run, a.run.response), nil
}

// restarted asks a server whether it was started again. Until its first init it
// drops a run without an answer, which cannot be told from a run that it began;
// so it is asked before one goes over a new connection. To stop a container
// that it does not know changes nothing there.
func (o *openServerless) restarted(ctx context.Context) (bool, error) {
	a, err := o.ask(ctx, o.stopRequest(uuid.NewString()))
	return err == nil && a.neverInitialised(), err
}

// sendStops takes the container's id back as often as it was given.
func (o *openServerless) sendStops(ctx context.Context) (*hop.Response, error) {
	o.mu.Lock()
	inits, abandoned := o.inits, o.abandoned
	o.mu.Unlock()
	if abandoned {
		return nil, errStillRunning
	}
	for ; inits > 0; inits-- {
		a, err := o.ask(ctx, o.stopRequest(o.id))
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

func (o *openServerless) stopRequest(id string) *hop.Request {
	body := fmt.Appendf(nil, `{"actionCodeHash":%q,"proxiedActionID":%q}`, o.hash, id)
	return &hop.Request{Path: runtimespec.PathStop, Header: foreign(nil), Body: body}
}

// ask sends a request and reads its answer whole.
func (o *openServerless) ask(ctx context.Context, r *hop.Request) (*foreignAnswer, error) {
	resp, err := o.Upstream.Send(ctx, r)
	var a *foreignAnswer
	if err == nil {
		defer resp.Close()
		a, err = readForeign(resp, r.Path, o.maxResult)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sure = err == nil && a.known()
	return a, err
}

// runBody is a run's body with the hash of the code. It comes last: of two
// members of one name the last one counts there.
func (o *openServerless) runBody(r *hop.Request) ([]byte, error) {
	member := fmt.Sprintf(`"actionCodeHash":%q}`, o.hash)
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

// foreign is the part of a request's header that this dialect has a use for.
func foreign(h hop.Header) hop.Header {
	out := hop.Header{{Name: "Content-Type", Value: "application/json"}}
	for _, f := range h {
		if f.Name == runtimespec.HeaderTimeout || f.Name == runtimespec.HeaderTrace || f.Name == runtimespec.HeaderTraceState {
			out = append(out, f)
		}
	}
	return out
}
