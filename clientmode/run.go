package clientmode

import (
	"context"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/internal/httpserver"
	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/internal/upstream"
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
	f, current, mine := c.state.startRun(activation.ID)
	switch {
	case f == nil:
		c.streams.End()
		respond(w, failure(http.StatusInternalServerError, "", "no action defined yet"))
		return
	case current == nil:
		respond(w, failure(http.StatusForbidden, "", "System not ready, status is running."))
		return
	}
	defer httpserver.AfterFunc(r.Context(), current.Leave)()
	if mine {
		current.deadline = c.deadlineOf(activation.Deadline, arrived)
		c.perform(f, current, activation, runtimespec.TraceOf(r.Header), body)
	}
	c.answer(current, w, r)
}

// perform executes a run that no other request has started. The sentinels are
// written before the answer.
func (c *Client) perform(f *function, current *work, activation runtimespec.Activation, trace runtimespec.Trace, body []byte) {
	ctx, cancel := c.within(current.ctx, current.deadline)
	defer cancel()
	logs := &observedLog{Activation: c.streams.Activation(c.state.concurrent)}
	out := c.execute(ctx, f, activation, logs, trace, body)
	out = c.inPlatformWords(out, current.deadline, f, false)
	if current.ctx.Err() != nil && activation.ID != "" {
		c.cancelUpstream(f, activation.ID, trace)
	}
	logs.End()
	c.state.endRun(activation.ID)
	current.logged = logs.has.Load()
	current.End(out, nil)
}

// execute sends the run until it was started, and asks again for the outcome if
// the answer broke off. That needs an activation id.
func (c *Client) execute(ctx context.Context, f *function, activation runtimespec.Activation, logs sentinel.Activation, trace runtimespec.Trace, body []byte) outcome {
	header := traced(f.run, trace)
	if activation.ID != "" {
		header = append(header, upstream.Field{Name: runtimespec.HeaderActivation, Value: activation.ID})
	}
	var cut *cutOff
	out := c.retry(ctx, f, false, func() (outcome, error) {
		out, err := c.attempt(ctx, f, logs, trace, header, body)
		cut, _ = err.(*cutOff)
		return out, err
	})
	if cut == nil || activation.ID == "" {
		return out
	}
	return c.askAgain(ctx, f, cut, logs, header, body)
}

// attempt sends the run once. If the server has forgotten the function, it is
// told again and the run is sent once more.
func (c *Client) attempt(ctx context.Context, f *function, logs sentinel.Activation, trace runtimespec.Trace, header upstream.Header, body []byte) (outcome, error) {
	out, err := c.exchange(ctx, f, logs, &upstream.Request{Path: runtimespec.PathRun, Header: c.withTimeout(ctx, header), Body: body})
	if err != nil || out.reason != runtimespec.UnknownFunction {
		return out, err
	}
	if again := c.reinitialise(ctx, f, logs, trace); again.status != http.StatusOK {
		return again, nil
	}
	return c.exchange(ctx, f, logs, &upstream.Request{Path: runtimespec.PathRun, Header: c.withTimeout(ctx, header), Body: body})
}

// cancelTime bounds the request that cancels a run at its server.
const cancelTime = 2 * time.Second

// cancelUpstream cancels a run at its server; a bare disconnect would only start
// the server's grace.
func (c *Client) cancelUpstream(f *function, id string, trace runtimespec.Trace) {
	header := append(traced(f.run, trace), upstream.Field{Name: runtimespec.HeaderActivation, Value: id})
	ctx, cancel := context.WithTimeout(context.Background(), cancelTime)
	defer cancel()
	if resp, err := f.upstream.Send(ctx, &upstream.Request{Path: runtimespec.PathStop, Header: header}); err == nil {
		_ = resp.Close()
	}
}

// answer waits for the work and answers a caller, unless it hangs up before. A
// failure that has a log waits until that was collected.
func (c *Client) answer(w *work, to http.ResponseWriter, r *http.Request) {
	select {
	case <-w.Done():
	case <-r.Context().Done():
		return
	}
	out, _ := w.Outcome()
	if w.logged && out.status != http.StatusOK {
		c.awaitCollection(r.Context(), w.deadline)
	}
	respond(to, out)
}
