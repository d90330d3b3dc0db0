package loadbalancer

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// refused sorts a run that a server has not started. One that does not know the
// function is told about it with the next pick.
func (r *flight) refused(s *backend, resp *hop.Response, reason runtimespec.Reason, load string) (again bool, _ error) {
	r.ran = nil
	after := retryAfter(resp)
	text := readMessage(resp)
	_ = resp.Close()
	r.b.metrics.retried(string(reason))
	if reason == runtimespec.UnknownFunction {
		r.b.absent(r.f, s)
	} else {
		r.tried = append(r.tried, s.sched)
	}
	r.finish(policy.Answer{Outcome: policy.Refused, RetryAfter: after}, load)
	r.b.heed(s, reason, nil)
	return true, &Refusal{Reason: reason, Message: text, RetryAfter: after}
}

// maxMessage bounds what is read of a refusal.
const maxMessage = 16 << 10

// readMessage reads what a refusal says to people. Its reason has arrived with
// the head; a message that breaks off changes nothing.
func readMessage(resp *hop.Response) string {
	resp.Within(time.Second)
	var text [maxMessage]byte
	n := 0
	for n < len(text) {
		m, err := resp.Read(text[n:])
		if n += m; err != nil {
			break
		}
	}
	return message(text[:n])
}

func message(body []byte) string {
	var said struct{ Error string }
	if json.Unmarshal(body, &said) != nil || said.Error == "" {
		return "the server refused and did not say more"
	}
	return said.Error
}

// absent notes that a server does not have a function, unless it is being
// initialised there.
func (b *Balancer) absent(f *function, s *backend) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if f.sched.On(s.sched) == policy.Ready {
		b.fleet.Absent(f.sched, s.sched, time.Now())
	}
}

// heed takes to heart what a refusal, or an answer that did not come, says about
// its server.
func (b *Balancer) heed(s *backend, reason runtimespec.Reason, err error) {
	if reason == runtimespec.Draining {
		b.mu.Lock()
		s.willing = false
		b.fleet.Drain(s.sched, time.Now())
		b.mu.Unlock()
	}
	if reason == runtimespec.Draining || err != nil && !errors.Is(err, context.Canceled) {
		s.look()
	}
}
