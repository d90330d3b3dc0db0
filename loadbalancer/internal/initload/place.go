package initload

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/backend"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// maxTries is how many servers are asked to initialise a function for one caller.
const maxTries = 3

// Follower is a caller that may want to see what its init writes, as it comes.
type Follower interface {
	WantsFrames() bool
	// Pass passes frames on that an incarnation has written.
	Pass(ctx context.Context, server string, frames []byte) error
}

// Placing is a caller's init on its way to a server.
type Placing struct {
	*Loader
	Exchange *exchange.Exchange
	Function *state.Function
	Follower Follower
}

// Place has the function ready somewhere: nothing is to be done where it is, an init
// in flight is joined, and a server that refuses is passed over. The log is what is
// left of what the init wrote; nil where that is not this caller's.
func (p *Placing) Place(ctx context.Context) (a Answer, log *Log, err error) {
	search := state.Placing{Function: p.Function, Cause: p.Exchange}
	var last placed
	for range maxTries {
		found, fx, none := p.State.PlaceInit(&search, time.Now())
		p.CarryOut(fx)
		if none != nil {
			if servers, _, _ := p.State.Counts(); search.Tried == nil || last.garbled() && servers > len(search.Tried) {
				return a, nil, none // others may have room later
			}
			return last.answer, log, last.err
		}
		if found.Init == nil {
			return Answer{Status: okay, Result: done}, nil, nil
		}
		p.Exchange.Server = found.Server.Name
		p.Exchange.Tries++
		j := Of(found.Init)
		if log, err = p.await(ctx, j, found.Claimed); err != nil {
			return a, log, err
		}
		if a, err = j.answer, nil; j.err != nil {
			err = Failed(backend.Of(found.Server), j.err)
		} else if !a.Elsewhere() {
			return a, log, nil
		}
		if errors.Is(j.err, ErrNoCode) {
			return a, log, err
		}
		if left := p.pass(ctx, log); left != nil {
			return a, nil, left
		}
		last = last.or(placed{a, err})
		search.PassOver(found.Server)
	}
	return last.answer, log, last.err
}

var done = []byte(`{"ok":true}`)

// await waits for an init, whose log is passed on to the caller that owns it.
func (p *Placing) await(ctx context.Context, j *Job, claimed bool) (log *Log, err error) {
	switch {
	case claimed && p.Follower.WantsFrames():
		j.Log.follow()
		return j.Log, p.follow(ctx, j)
	case claimed:
		j.Log.discard()
	}
	return nil, j.Wait(ctx)
}

// follow waits for the end of an init and passes on what is written meanwhile.
func (p *Placing) follow(ctx context.Context, j *Job) error {
	for {
		select {
		case <-j.done:
			return nil
		case <-ctx.Done():
			left := p.pass(ctx, j.Log)
			j.Log.discard()
			return cmp.Or(left, context.Cause(ctx))
		case <-j.Log.more:
			if err := p.pass(ctx, j.Log); err != nil {
				j.Log.discard()
				return err
			}
		}
	}
}

// pass passes on what was written since the last time, if that is the caller's.
func (p *Placing) pass(ctx context.Context, log *Log) error {
	if log == nil {
		return nil
	}
	server, frames := log.Take()
	if len(frames) == 0 {
		return nil
	}
	return p.Follower.Pass(ctx, server, frames)
}

// placed is what an init came to at a server that did not take the function.
type placed struct {
	answer Answer
	err    error
}

// or is what the caller is told after two servers: the later, unless only the earlier
// permits to try again.
func (p placed) or(later placed) placed {
	if p.reason().NotStarted() && !later.reason().NotStarted() {
		return p
	}
	return later
}

// garbled reports whether no answer could be read: nothing that the caller changes
// helps.
func (p placed) garbled() bool { return p.err != nil && !p.reason().NotStarted() }

func (p placed) reason() runtimespec.Reason {
	if p.err != nil {
		return refusal.ReasonOf(p.err)
	}
	return p.answer.Reason
}
