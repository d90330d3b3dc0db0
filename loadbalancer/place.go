package loadbalancer

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// ready is what an init is answered that had nothing to do.
var ready = []byte(`{"ok":true}`)

// place has the function ready somewhere: nothing is to be done where it is, an
// init in flight is joined, and what refuses is passed over. logs is what is left
// of what the init wrote; nil where that is not this caller's.
func (b *Balancer) place(ctx context.Context, o *reply, f *function) (a answer, logs *written, err error) {
	var tried []*policy.Server
	var last placed
	for range maxTries {
		l, s, mine, none := b.where(o.c, f, tried)
		if none != nil {
			if tried == nil || last.garbled() && b.others(tried) {
				return a, nil, none
			}
			return last.answer, logs, last.err
		}
		if l == nil {
			return answer{status: http.StatusOK, result: ready}, nil, nil
		}
		o.c.Server = s.name
		o.c.Tries++
		if logs, err = o.await(ctx, l, mine); err != nil {
			return a, logs, err
		}
		a, err = l.answer, nil
		switch {
		case l.err != nil:
			err = b.unplaced(s, l.err)
		case !a.elsewhere():
			return a, logs, nil
		}
		if errors.Is(l.err, errNoCode) {
			return a, logs, err
		}
		if left := o.pass(ctx, logs); left != nil {
			return a, nil, left
		}
		last = last.or(placed{a, err})
		tried = append(tried, s.sched)
	}
	return last.answer, logs, last.err
}

// others reports whether there are servers beside those that were tried: they may
// have room later.
func (b *Balancer) others(tried []*policy.Server) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.fleet.Servers()) > len(tried)
}

// placed is what an init came to at a server that did not take the function.
type placed struct {
	answer answer
	err    error
}

// or is what the caller is told after two servers: the later, unless only the
// earlier permits to try again.
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
		return reasonOf(p.err)
	}
	return p.answer.reason
}

// unplaced is what an init that was not answered is to its caller. It may come
// again: it is idempotent.
func (b *Balancer) unplaced(s *backend, err error) error {
	if errors.Is(err, errNoCode) {
		return refusal(runtimespec.CodeNeeded, "%v: send the whole init", errNoCode).Because(err)
	}
	switch {
	case errors.Is(err, hop.ErrNoHTTP):
		return garbled(s, "the function is not ready there", err)
	case errors.Is(err, hop.ErrNotSent):
		return away("the init was not sent, %s cannot be reached: %s", s.public(), inWords(err)).Because(err)
	}
	return refusal(runtimespec.StartFailed, "the init at %s failed: %s", s.public(), inWords(err)).Because(err)
}

// where finds or chooses the server that an init is about; l is nil where the
// function is ready already.
func (b *Balancer) where(c *call, f *function, tried []*policy.Server) (l *loading, s *backend, mine bool, err error) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	choice := b.fleet.Pick(b.policy, policy.Request{Function: f.sched, Tried: tried}, now, b.rng)
	if choice.Server == nil {
		return nil, nil, false, errNobody()
	}
	s = b.backends[choice.Server]
	if f.sched.On(choice.Server) == policy.Ready {
		return nil, s, false, nil
	}
	if l = b.begin(f, s, c, now); l == nil {
		return nil, nil, false, errUnknown()
	}
	if mine, l.taken = !l.taken, true; mine && c.WantsFrames() {
		l.logs.follow()
	} else if mine {
		l.logs.drop()
	}
	return l, s, mine, nil
}
