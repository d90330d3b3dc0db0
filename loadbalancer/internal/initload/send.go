package initload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/backend"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// ErrNoCode is when the balancer does not have the code that a server needs.
var ErrNoCode = errors.New("the code is no longer cached")

// initialise tells a server about a function, leaving the code out first.
func (l *Loader) initialise(ctx context.Context, i *state.Init, j *Job) (Answer, error) {
	r := i.Recipe
	a, err := l.send(ctx, i, j, r.Body)
	if err != nil || a.Reason != runtimespec.CodeNeeded || r.Whole {
		return a, err
	}
	code, err := l.Store.Get(i.Function.Key.Tenant, r.Code)
	if err != nil {
		return Answer{}, errors.Join(ErrNoCode, err)
	}
	init, err := runtimespec.ParseInit(r.Body)
	if err != nil {
		return Answer{}, err
	}
	whole := init.WithCode(code)
	if whole == nil {
		return Answer{}, ErrNoCode
	}
	return l.send(ctx, i, j, whole)
}

func (l *Loader) send(ctx context.Context, i *state.Init, j *Job, body []byte) (Answer, error) {
	b := backend.Of(i.Server)
	resp, err := b.Send(ctx, &upstream.Request{Path: runtimespec.PathInit, Header: l.header(ctx, i, j), Body: body})
	if err != nil {
		return Answer{}, err
	}
	defer resp.Close()
	a := Answer{
		Status: resp.Status, Reason: runtimespec.Reason(resp.Head.Get(runtimespec.HeaderReason)),
		Server: resp.Head.Get(runtimespec.HeaderServer), RetryAfter: backend.RetryAfter(resp),
	}
	if resp.Head.Is("Content-Type", runtimespec.MediaFrames) {
		j.Log.by(a.Server)
		err = a.read(resp, j.Log)
		return a, err
	}
	if a.Reason == "" && !a.OK() || a.Server == "" {
		return Answer{}, fmt.Errorf("%w: it answered status %d", backend.ErrNotOurs, a.Status)
	}
	a.Result, err = io.ReadAll(io.LimitReader(resp, backend.MaxResult+1))
	if err == nil && len(a.Result) > backend.MaxResult {
		err = backend.ErrLarge
	}
	if err != nil && a.Reason != "" { // that much is certain
		a.Result = runtimespec.ErrorBody(fmt.Sprintf("%s refused, and did not come to say why: %s", b.Public(), backend.Words(err)))
		return a, nil
	}
	return a, err
}

func (l *Loader) header(ctx context.Context, i *state.Init, j *Job) upstream.Header {
	r := i.Recipe
	h := l.AppendHeader(make(upstream.Header, 0, 12), i.Function.Identity, i.Function.Key.Tenant)
	h = append(h, upstream.Field{Name: runtimespec.HeaderCode, Value: r.Code.String()}, upstream.Field{Name: "Accept", Value: runtimespec.MediaFrames})
	if r.Kind != "" {
		h = append(h, upstream.Field{Name: runtimespec.HeaderKind, Value: r.Kind})
	}
	if r.Env != "" {
		h = append(h, upstream.Field{Name: runtimespec.HeaderEnv, Value: r.Env})
	}
	h = j.Onto(h)
	if end, ok := ctx.Deadline(); ok {
		h = append(h, upstream.Field{Name: runtimespec.HeaderTimeout, Value: runtimespec.FormatTimeout(time.Until(end))})
	}
	return h
}

// Failed is what an init that was not answered is to its caller. It may come again:
// it is idempotent.
func Failed(b *backend.Backend, err error) *refusal.Refusal {
	switch {
	case errors.Is(err, ErrNoCode):
		return refusal.New(runtimespec.CodeNeeded, "%v: send the whole init", ErrNoCode).Because(err)
	case errors.Is(err, upstream.ErrNoHTTP):
		return b.Garbled("the function is not ready there", err)
	case errors.Is(err, upstream.ErrNotSent):
		return refusal.Away("the init was not sent, %s cannot be reached: %s", b.Public(), backend.Words(err)).Because(err)
	}
	return refusal.New(runtimespec.StartFailed, "the init at %s failed: %s", b.Public(), backend.Words(err)).Because(err)
}
