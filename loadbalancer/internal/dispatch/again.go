package dispatch

import (
	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/internal/upstream"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/backend"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// ask passes on a run that was sent before and is asked for again: to the server that
// it names, or to none. Whatever happens on the way, it can be asked for once more.
func (r *Run) ask() error {
	s, err := r.d.State.ByIncarnation(r.Asked)
	if err != nil {
		return err
	}
	return r.passTo(s, refusal.New(runtimespec.Saturated, "the server that has the run cannot be asked now"))
}

// join has a run wait that has the id of one in flight. When that is over, the server that
// had it tells what it came to; if none has, this is the first. The server wants the
// body again, and so it is kept meanwhile.
func (r *Run) join(first *state.Run) error {
	select {
	case <-first.Over:
	case <-r.ctx.Done():
		return r.ended(runtimespec.TimedOut, "the time was over before the same activation, sent before, had ended")
	}
	if first.Started != nil {
		return r.passTo(first.Started, refusal.Lost("the same activation was sent before to a server that does not tell what became of it; it may have run"))
	}
	return refusal.New(runtimespec.Saturated, "the same activation, sent before, was not started")
}

// passTo sends a run to the one server that may have it, or fails. It is never said
// to be not started: it was sent before.
func (r *Run) passTo(s *state.Server, failed error) error {
	b := backend.Of(s)
	r.Exchange.Server = s.Name
	r.Tries++
	r.request = upstream.Request{Path: runtimespec.PathRun, Header: r.header(r.Key.Identity.String()), Body: r.Bytes}
	resp, err := b.Send(r.ctx, &r.request)
	if err != nil {
		if r.Caller.Err() != nil {
			return exchange.ErrLeft
		}
		b.Check()
		return failed
	}
	// With its server named, no answer permits to start it.
	if reason, ours := backend.Judge(resp); !ours || r.Asked == "" && reason.NotStarted() {
		_ = resp.Close()
		return failed
	}
	resp.WhenWritten(r.dropBody)
	if _, whole := r.To.Relay(r.ctx, resp); !whole {
		return exchange.ErrCut
	}
	return nil
}
