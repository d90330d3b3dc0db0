package backend

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// watch checks a server until it is no member any more. One that fails is looked at
// again sooner, until it is clear that it does.
func (f *Fleet) watch(b *Backend) {
	var ctx context.Context
	ctx, b.end = context.WithCancel(f.Work)
	f.Work.Go(func() {
		timer := time.NewTimer(0)
		defer timer.Stop()
		checked := sync.OnceFunc(func() { close(b.checked) })
		for failed := 0; ; {
			select {
			case <-timer.C:
			case <-b.kick:
			case <-ctx.Done():
				b.pool.CloseIdle()
				b.probe.CloseIdle()
				return
			}
			pause := f.Settings().CheckEvery
			if f.check(ctx, b) {
				failed = 0
			} else if failed++; failed < 5 {
				pause /= 5
			}
			checked()
			timer.Reset(pause)
		}
	})
}

// check asks a server whether it is well. The answer also says which process answers,
// and how busy it is: servers that get no runs are known by that.
func (f *Fleet) check(ctx context.Context, b *Backend) (well bool) {
	found, err := f.probe(ctx, b)
	if ctx.Err() != nil {
		return false
	}
	now := time.Now()
	if err != nil { // one without its tunnel drains until it has made one again, not until an ejection is over
		f.failed(b, err.Error(), b.listed.Tunnel && !f.Hub.Has(b.listed.Incarnation), now)
		return false
	}
	if problem := f.identify(ctx, b, found); problem != "" {
		f.failed(b, problem, true, now)
		return false
	}
	f.CarryOut(f.State.Checked(b.server, found.Readiness, now))
	return found.Ready || found.Draining
}

// failed tells of a check that failed. Of a server that was never identified nothing
// else tells.
func (f *Fleet) failed(b *Backend, problem string, drain bool, now time.Time) {
	first, fx := f.State.CheckFailed(b.server, problem, drain, now)
	if first {
		f.Log.Warn("server is not identified yet", zap.String("server", b.name), zap.String("problem", problem))
	}
	f.CarryOut(fx)
}

// readiness is the answer to a health check.
type readiness struct {
	state.Readiness
	incarnation string
}

// maxAnswer bounds what is read of an answer that is for a reader, in bytes.
const maxAnswer = 16 << 10

// okay is the status of an answer that is no failure.
const okay = 200

// probe asks for a server's readiness.
func (f *Fleet) probe(ctx context.Context, b *Backend) (r readiness, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.Settings().CheckTimeout)
	defer cancel()
	resp, err := b.probe.Send(ctx, &upstream.Request{Get: true, Path: runtimespec.PathReady})
	if err != nil {
		return r, err
	}
	defer resp.Close()
	id, one := resp.Head.Only(runtimespec.HeaderServer)
	r.incarnation = id
	if load, ok := Load(resp); ok {
		r.Load = &load
	}
	text, err := io.ReadAll(io.LimitReader(resp, maxAnswer))
	if err != nil {
		return r, err
	}
	var says struct {
		Ready         bool
		Reason, Kinds string
		Changes       int
	}
	known := resp.Status == okay || resp.Status == runtimespec.Draining.Status()
	if !known || !one || len(id) != 36 || uuid.Validate(id) != nil || json.Unmarshal(text, &says) != nil {
		return r, fmt.Errorf("it answers status %d and is no server of this contract", resp.Status)
	}
	r.Kinds, r.Changes = says.Kinds, says.Changes
	if r.Ready = says.Ready && resp.Status == okay; !r.Ready {
		r.Reason, r.Draining = says.Reason, says.Reason == string(runtimespec.Draining)
	}
	return r, nil
}

// Load is the load report of an answer, if it has one that makes sense.
func Load(resp *upstream.Response) (l runtimespec.Load, ok bool) {
	l, err := runtimespec.ParseLoad(resp.Head.Get(runtimespec.HeaderLoad))
	return l, err == nil
}
