package loadbalancer

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// place has the function ready somewhere: nothing is to be done where it is, an
// init in flight is joined, and what refuses is passed over. mine is whether the
// logs of the init are this caller's.
func (b *Balancer) place(ctx context.Context, c *call, f *function) (a answer, mine bool, err error) {
	var tried []*policy.Server
	for range maxTries {
		l, s, mine, none := b.where(c, f, tried)
		if none != nil {
			if tried == nil {
				err = none
			}
			return a, false, err
		}
		if l == nil {
			return answer{status: http.StatusOK, result: done}, false, nil
		}
		c.server = s.name
		c.tries++
		if err := l.wait(ctx); err != nil {
			return a, mine, err
		}
		a, err = l.answer, nil
		switch {
		case l.err != nil:
			err = b.unplaced(s, l.err)
		case !a.elsewhere():
			return a, mine, nil
		}
		if errors.Is(l.err, errNoCode) {
			return a, mine, err
		}
		tried = append(tried, s.sched)
	}
	return a, false, err
}

// unplaced is what an init that was not answered is to its caller. It may come
// again: it is idempotent.
func (b *Balancer) unplaced(s *backend, err error) error {
	if errors.Is(err, errNoCode) {
		return refusal(runtimespec.CodeNeeded, "%v: send the whole init", err)
	}
	if errors.Is(err, hop.ErrNotSent) {
		return away("the init was not sent, %s cannot be reached: %v", s.name, err)
	}
	return refusal(runtimespec.StartFailed, "the init at %s failed: %v", s.name, err)
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
	l = b.begin(f, s, c, now)
	mine, l.taken = !l.taken, true
	return l, s, mine, nil
}

// pass answers an init with what a server said to it: with the logs, if they are
// this caller's.
func (b *Balancer) pass(c *call, a answer, mine bool) {
	h := c.w.Header()
	if a.server != "" {
		b.sign(h)
		h[runtimespec.HeaderServer] = []string{a.server}
	}
	c.outcome = string(a.reason)
	if frames := a.framed(mine); frames != nil && c.wantsFrames() {
		if h[runtimespec.HeaderServer] == nil {
			b.sign(h)
		}
		h["Content-Type"] = []string{runtimespec.MediaFrames}
		h["Content-Length"] = []string{strconv.Itoa(len(frames))}
		c.status = http.StatusOK
		_, _ = c.w.Write(frames)
		return
	}
	if a.reason != "" {
		h[runtimespec.HeaderReason] = []string{string(a.reason)}
		if a.reason.Transient() {
			h["Retry-After"] = []string{"1"}
		}
	}
	b.answer(c, a.status, a.result)
}

// framed is the answer in frames: as it came with its logs, or a result of which
// the logs are somebody else's; nil for a failure, which is told plainly.
func (a answer) framed(logs bool) []byte {
	switch {
	case a.frames != nil && logs:
		return a.frames
	case a.ok():
		return runtimespec.AppendFrame(nil, runtimespec.Result, a.status, a.result)
	}
	return nil
}
