package clientmode

import (
	"bytes"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// initialisedTwice is what the platform's runtimes say, word for word.
const initialisedTwice = "Cannot initialize the action more than once."

// starting is an init in flight; the same init joins it, because the platform
// may send one twice.
type starting struct {
	*work
	body []byte
}

// init answers the platform's /init. A failed one ends with sentinels, because
// its logs are collected; a successful one does not.
func (c *Client) init(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	body, err := readBody(w, r, c.cfg.MaxInitBody)
	if err != nil {
		c.streams.End()
		refuseBody(w, err, "--max-init-body (WHISKAWAY_MAX_INIT_BODY)")
		return
	}
	mine, current := c.enterInit(body)
	if current == nil {
		c.streams.Complain(initialisedTwice)
		respond(w, failure(http.StatusForbidden, "", initialisedTwice))
		return
	}
	defer c.attend(r, current.work)()
	if mine {
		current.deadline = c.deadlineOf(time.Time{}, arrived)
		logs := &noted{Activation: c.streams}
		f, out := c.prepare(current, arrived, logs, body, runtimespec.TraceOf(r.Header))
		if f != nil {
			out = c.worded(out, current.deadline, f, true)
		}
		current.logged = logs.has.Load()
		c.leaveInit(current, f, out)
	}
	c.answer(current.work, w, r)
}

// enterInit reports whether this init is to be done (mine) or another one with
// the same body waited for; nil when it is too late for either.
func (c *Client) enterInit(body []byte) (mine bool, current *starting) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.function != nil || c.stopped:
		return false, nil
	case c.starting == nil:
		c.starting = &starting{work: newWork(), body: body}
		return true, c.starting
	case bytes.Equal(c.starting.body, body): // nothing else is due meanwhile
		c.starting.callers++
		return false, c.starting
	}
	return false, nil
}

func (c *Client) leaveInit(current *starting, f *function, out outcome) {
	if out.status != http.StatusOK {
		c.streams.End()
	}
	c.mu.Lock()
	c.starting = nil
	keep := out.status == http.StatusOK && !c.stopped
	if keep {
		c.function = f
	}
	c.mu.Unlock()
	switch {
	case keep:
		go f.whole.setAside(c.cfg.SpoolDir)
	case f != nil:
		f.drop()
	}
	current.end(out)
}

// prepare checks an init and tells the server about the function. An init is
// never answered 503, upon which the platform would drop the activation without
// a record.
func (c *Client) prepare(current *starting, arrived time.Time, logs *noted, body []byte, trace runtimespec.Trace) (*function, outcome) {
	init, err := runtimespec.ParseInit(body)
	if err != nil {
		return nil, refuse(logs, http.StatusBadRequest, "The init request cannot be read: %v.", err)
	}
	if !init.HasCode {
		return nil, refuse(logs, http.StatusForbidden, "Missing main/no code to execute.")
	}
	upstream, name, err := c.choose(init.Main)
	switch {
	case err != nil:
		return nil, refuse(logs, http.StatusForbidden, "%v", err)
	case upstream == nil:
		return nil, refuse(logs, http.StatusBadGateway, "no server is configured: set WHISKAWAY_UPSTREAM on the container, or main to NAME@URL")
	}
	f, err := c.newFunction(body, init, upstream, name)
	if err != nil {
		return nil, refuse(logs, http.StatusBadRequest, "%v", err)
	}
	current.deadline = c.deadlineOf(init.Deadline(), arrived)
	ctx, cancel := c.within(current.ctx, current.deadline)
	defer cancel()
	return f, final(c.initialise(ctx, f, logs, trace))
}

// choose finds the server that is to run the function, and what authors may call
// it; none is nil. A server that an action names is called as the action does,
// the operator's own is not known by its address.
func (c *Client) choose(main string) (upstream Upstream, name string, err error) {
	target, guard, trusted, err := c.allow.target(main)
	if err != nil || target == "" {
		return c.fixed, c.cfg.UpstreamName, err
	}
	upstream, err = c.dial(target, guard, trusted)
	return upstream, "the server " + target, err
}

// refuse is a failure that the author should find in the logs too.
func refuse(logs *noted, status int, format string, args ...any) outcome {
	out := failure(status, "", format, args...)
	logs.Complain(string(out.body))
	return out
}
