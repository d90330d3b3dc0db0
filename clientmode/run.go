package clientmode

import (
	"context"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// running is an activation in flight.
type running struct {
	ctx     context.Context
	cancel  context.CancelFunc
	callers int // guarded by Client.mu; with the last one gone the run is cancelled
	done    chan struct{}
	outcome outcome
}

// run answers the platform's /run.
func (c *Client) run(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r, c.cfg.MaxRunBody)
	if err != nil {
		c.streams.end()
		respond(w, unreadable(err))
		return
	}
	activation := runtimespec.SkimRun(body)
	f, current, mine := c.enterRun(activation.ID)
	switch {
	case f == nil:
		c.streams.end()
		respond(w, failure(http.StatusInternalServerError, "", "no action defined yet"))
		return
	case current == nil:
		respond(w, failure(http.StatusForbidden, "", "System not ready, status is running."))
		return
	}
	leave := context.AfterFunc(r.Context(), func() { c.leaveRun(current) })
	defer leave()
	if mine {
		c.perform(f, current, activation, body)
	}
	select {
	case <-current.done:
		respond(w, current.outcome)
	case <-r.Context().Done():
	}
}

// enterRun records a run; one with the id of a run in flight joins it. Without
// concurrency another run at the same time is refused: current is nil.
func (c *Client) enterRun(id string) (f *function, current *running, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.function == nil {
		return nil, nil, false
	}
	if same := c.running[id]; same != nil {
		same.callers++
		return c.function, same, false
	}
	if c.inFlight > 0 && !c.concurrent {
		return c.function, nil, false
	}
	current = &running{callers: 1, done: make(chan struct{})}
	current.ctx, current.cancel = context.WithCancel(context.Background())
	c.inFlight++
	if id != "" {
		c.running[id] = current
	}
	return c.function, current, true
}

// leaveRun is called when a caller hung up.
func (c *Client) leaveRun(current *running) {
	c.mu.Lock()
	current.callers--
	last := current.callers == 0
	c.mu.Unlock()
	if last {
		current.cancel()
	}
}

// perform executes a run that is this container's to execute. The sentinels are
// out before the answer is.
func (c *Client) perform(f *function, current *running, activation runtimespec.Activation, body []byte) {
	ctx, cancel := c.within(current.ctx, activation.Deadline)
	defer cancel()
	current.outcome = c.execute(ctx, f, activation, body)
	if current.ctx.Err() != nil && activation.ID != "" {
		c.cancelUpstream(f, activation.ID)
	}
	c.streams.end()
	c.mu.Lock()
	c.inFlight--
	delete(c.running, activation.ID)
	c.mu.Unlock()
	close(current.done)
	current.cancel()
}

// execute sends the run, telling the server about the function again when it
// has forgotten it.
func (c *Client) execute(ctx context.Context, f *function, activation runtimespec.Activation, body []byte) outcome {
	header := f.run.Clone()
	if activation.ID != "" {
		header[runtimespec.HeaderActivation] = []string{activation.ID}
	}
	return c.persist(ctx, f, func() (outcome, error) {
		out, err := c.exchange(ctx, f, bodyRequest(runtimespec.PathRun, withTimeout(ctx, header), body))
		if err != nil || out.reason != runtimespec.UnknownFunction {
			return out, err
		}
		if again := c.reinitialise(ctx, f); again.status != http.StatusOK {
			return again, nil
		}
		return c.exchange(ctx, f, bodyRequest(runtimespec.PathRun, withTimeout(ctx, header), body))
	})
}

// cancelUpstream says that nobody waits for an activation any more; a bare
// disconnect would only start the server's grace.
func (c *Client) cancelUpstream(f *function, id string) {
	header := f.run.Clone()
	header[runtimespec.HeaderActivation] = []string{id}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if resp, err := f.upstream.Send(ctx, &Request{Path: runtimespec.PathStop, Header: header}); err == nil {
		_ = resp.Body.Close()
	}
}
