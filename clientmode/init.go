package clientmode

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/whiskaway/whiskaway/clientmode/internal/spans"
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
	body, err := readBody(w, r, c.cfg.MaxInitBody)
	if err != nil {
		c.streams.End()
		respond(w, unreadable(err))
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
		span := c.receive(r, "init")
		f, out := c.prepare(current.ctx, body, span)
		concluded(span, f, out)
		c.leaveInit(current, f, out)
	}
	current.answer(w, r)
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

// prepare checks an init and tells the server about the function.
func (c *Client) prepare(ctx context.Context, body []byte, span spans.Span) (*function, outcome) {
	init, err := runtimespec.ParseInit(body)
	if err != nil {
		return nil, c.refuse(http.StatusBadRequest, "The init request cannot be read: %v.", err)
	}
	if !init.HasCode {
		return nil, c.refuse(http.StatusForbidden, "Missing main/no code to execute.")
	}
	upstream, out := c.choose(init.Main)
	if upstream == nil {
		return nil, out
	}
	f, err := c.newFunction(body, init, upstream)
	if err != nil {
		return nil, c.refuse(http.StatusBadRequest, "%v", err)
	}
	ctx, cancel := c.within(ctx, init.Deadline())
	defer cancel()
	return f, c.initialise(ctx, f, c.streams, span)
}

// choose finds the server that is to run the function.
func (c *Client) choose(main string) (Upstream, outcome) {
	target, guard, trusted, err := c.allow.target(main)
	switch {
	case err != nil:
		return nil, c.refuse(http.StatusForbidden, "%v", err)
	case target != "":
		upstream, err := c.dial(target, guard, trusted)
		if err != nil {
			return nil, c.refuse(http.StatusForbidden, "%v", err)
		}
		return upstream, outcome{}
	case c.fixed == nil:
		return nil, c.refuse(http.StatusBadGateway, "no server is configured: set WHISKAWAY_UPSTREAM on the container, or main to NAME@URL")
	}
	return c.fixed, outcome{}
}

// refuse is a failure that the author should find in the logs too.
func (c *Client) refuse(status int, format string, args ...any) outcome {
	out := failure(status, "", format, args...)
	c.streams.Complain(string(out.body))
	return out
}

// margin is kept off a deadline, so that an answer arrives before it.
const margin = 50 * time.Millisecond

// within bounds the work by the platform's deadline. One that is over already
// shows clocks that disagree, and is not believed.
func (c *Client) within(ctx context.Context, deadline time.Time) (context.Context, context.CancelFunc) {
	left := time.Until(deadline)
	if left <= 0 {
		left = c.cfg.Limit
	}
	return context.WithTimeout(ctx, left-min(margin, left/10))
}

// readBody reads a request's body whole.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	var buf bytes.Buffer
	if r.ContentLength > 0 {
		buf.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(http.MaxBytesReader(w, io.NopCloser(r.Body), limit))
	return buf.Bytes(), err
}

func unreadable(err error) outcome {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return failure(http.StatusRequestEntityTooLarge, runtimespec.TooLarge, "the request is larger than %d bytes", tooLarge.Limit)
	}
	return failure(http.StatusBadRequest, runtimespec.BadRequest, "the request's body did not arrive: %v", err)
}

// respond answers the platform: always with a Content-Length, or it takes the
// container for dead.
func respond(w http.ResponseWriter, out outcome) {
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(out.body))}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body)
}
