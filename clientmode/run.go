package clientmode

import (
	"context"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// run answers the platform's /run.
func (c *Client) run(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	body, err := readBody(w, r, c.cfg.MaxRunBody)
	if err != nil {
		c.streams.End()
		refuseBody(w, err, "--max-run-body (WHISKAWAY_MAX_RUN_BODY)")
		return
	}
	activation := runtimespec.SkimRun(body)
	f, current, mine := c.enterRun(activation.ID)
	switch {
	case f == nil:
		c.streams.End()
		respond(w, failure(http.StatusInternalServerError, "", "no action defined yet"))
		return
	case current == nil:
		respond(w, failure(http.StatusForbidden, "", "System not ready, status is running."))
		return
	}
	defer c.attend(r, current)()
	if mine {
		current.deadline = c.deadlineOf(activation.Deadline, arrived)
		c.perform(f, current, activation, runtimespec.TraceOf(r.Header), body)
	}
	c.answer(current, w, r)
}

// enterRun records a run; one with the id of a run in flight joins it. Without
// concurrency another run at the same time is refused: current is nil.
func (c *Client) enterRun(id string) (f *function, current *work, mine bool) {
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
	current = newWork()
	c.inFlight++
	if id != "" {
		c.running[id] = current
	}
	return c.function, current, true
}

// perform executes a run that is this container's to execute. The sentinels are
// out before the answer is.
func (c *Client) perform(f *function, current *work, activation runtimespec.Activation, trace runtimespec.Trace, body []byte) {
	ctx, cancel := c.within(current.ctx, current.deadline)
	defer cancel()
	logs := &noted{Activation: c.streams.Activation(c.concurrent)}
	out := c.execute(ctx, f, activation, logs, trace, body)
	out = c.worded(out, current.deadline, f, false)
	if current.ctx.Err() != nil && activation.ID != "" {
		c.cancelUpstream(f, activation.ID, trace)
	}
	logs.End()
	c.mu.Lock()
	c.inFlight--
	delete(c.running, activation.ID)
	c.mu.Unlock()
	current.logged = logs.has.Load()
	current.end(out)
}

// execute sends the run until it was started, and asks again for the outcome of
// one whose answer broke off. Without an id nobody could tell which run is meant.
func (c *Client) execute(ctx context.Context, f *function, activation runtimespec.Activation, logs sentinel.Activation, trace runtimespec.Trace, body []byte) outcome {
	header := traced(f.run, trace)
	if activation.ID != "" {
		header = append(header, hop.Field{Name: runtimespec.HeaderActivation, Value: activation.ID})
	}
	var cut *cutOff
	out := c.persist(ctx, f, false, func() (outcome, error) {
		out, err := c.attempt(ctx, f, logs, trace, header, body)
		cut, _ = err.(*cutOff)
		return out, err
	})
	if cut == nil || activation.ID == "" {
		return out
	}
	return c.askAgain(ctx, f, cut, logs, header, body)
}

// attempt sends the run, telling the server about the function again when it
// has forgotten it.
func (c *Client) attempt(ctx context.Context, f *function, logs sentinel.Activation, trace runtimespec.Trace, header hop.Header, body []byte) (outcome, error) {
	out, err := c.exchange(ctx, f, logs, &hop.Request{Path: runtimespec.PathRun, Header: c.withTimeout(ctx, header), Body: body})
	if err != nil || out.reason != runtimespec.UnknownFunction {
		return out, err
	}
	if again := c.reinitialise(ctx, f, logs, trace); again.status != http.StatusOK {
		return again, nil
	}
	return c.exchange(ctx, f, logs, &hop.Request{Path: runtimespec.PathRun, Header: c.withTimeout(ctx, header), Body: body})
}

// cancelTime bounds how long a cancelled run's server is told so.
const cancelTime = 2 * time.Second

// cancelUpstream says that nobody waits for an activation any more; a bare
// disconnect would only start the server's grace.
func (c *Client) cancelUpstream(f *function, id string, trace runtimespec.Trace) {
	header := append(traced(f.run, trace), hop.Field{Name: runtimespec.HeaderActivation, Value: id})
	ctx, cancel := context.WithTimeout(context.Background(), cancelTime)
	defer cancel()
	if resp, err := f.upstream.Send(ctx, &hop.Request{Path: runtimespec.PathStop, Header: header}); err == nil {
		_ = resp.Close()
	}
}
