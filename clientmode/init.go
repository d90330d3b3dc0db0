package clientmode

import (
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/internal/httpserver"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// initialisedTwice is the message of the platform's runtimes, word for word.
const initialisedTwice = "Cannot initialize the action more than once."

// init answers the platform's /init. A failed init ends with sentinels, because
// the platform collects its logs; a successful one does not.
func (c *Client) init(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	body, err := readBody(w, r, c.cfg.MaxInitBody)
	if err != nil {
		c.streams.End()
		refuseBody(w, err, "--max-init-body (WHISKAWAY_MAX_INIT_BODY)")
		return
	}
	current, mine := c.state.startInit(body)
	if current == nil {
		c.streams.Complain(initialisedTwice)
		respond(w, failure(http.StatusForbidden, "", initialisedTwice))
		return
	}
	defer httpserver.AfterFunc(r.Context(), current.Leave)()
	if mine {
		current.deadline = c.deadlineOf(time.Time{}, arrived)
		logs := &observedLog{Activation: c.streams}
		f, out := c.prepare(current, arrived, logs, body, runtimespec.TraceOf(r.Header))
		if f != nil {
			out = c.inPlatformWords(out, current.deadline, f, true)
		}
		current.logged = logs.has.Load()
		c.endInit(current, f, out)
	}
	c.answer(current.work, w, r)
}

// endInit ends an init and its log, and keeps the function of a successful one.
func (c *Client) endInit(current *starting, f *function, out outcome) {
	good := f
	if out.status != http.StatusOK {
		c.streams.End()
		good = nil
	}
	switch {
	case c.state.endInit(good):
		go f.whole.Spill(c.cfg.SpoolDir)
	case f != nil:
		f.drop()
	}
	current.End(out, nil)
}

// prepare checks an init and tells the server about the function. An init is
// never answered 503, after which the platform would drop the activation without
// a record.
func (c *Client) prepare(current *starting, arrived time.Time, logs *observedLog, body []byte, trace runtimespec.Trace) (*function, outcome) {
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

// choose returns the server that is to run the function, nil if there is none,
// and its name for authors. A server that an action names has that name; the
// operator's own is not known by its address.
func (c *Client) choose(main string) (upstream sender, name string, err error) {
	target, guard, trusted, err := c.allow.Target(main)
	if err != nil || target == "" {
		return c.fixed, c.cfg.UpstreamName, err
	}
	upstream, err = c.dial(target, guard, trusted)
	return upstream, "the server " + target, err
}

// refuse returns a failure and adds it to the author's logs.
func refuse(logs *observedLog, status int, format string, args ...any) outcome {
	out := failure(status, "", format, args...)
	logs.Complain(string(out.body))
	return out
}
