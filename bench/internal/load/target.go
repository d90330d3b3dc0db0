package load

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Work says what a run sends and which answer is right. Several goroutines call
// its methods at once.
type Work interface {
	// Next returns the body of a function's next run, numbered from 0. buf is
	// empty or what Next returned before; its memory may be reused.
	Next(buf []byte, function int) []byte
	// Check returns what is wrong with the answer to a body; nil if nothing is.
	Check(body []byte, a *Answer) error
}

// Target is one container as its invoker sees it.
type Target struct {
	Function int // which function it holds, from 0; set before the first run
	// Concurrency is how many runs it takes at once, as the action's limit of that
	// name; 0: one. Set before the first run.
	Concurrency int
	// Raw says that what Next returns are whole requests, their heads included. Set
	// before the first run.
	Raw bool
	// Dial opens a connection; set before the first request.
	Dial func(timeout time.Duration) (net.Conn, error)

	url  string
	head string // of a request, up to its length
	keep int

	mu   sync.Mutex // guards idle
	idle []*Conn
}

// NewTarget returns the container at a URL such as http://127.0.0.1:8080. It
// keeps at most conns idle connections open; 0: each request has a new one, as
// from OpenWhisk's invoker.
func NewTarget(baseURL string, conns int) (*Target, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Path != "" && u.Path != "/" {
		return nil, fmt.Errorf("%q is not like http://HOST:PORT", baseURL)
	}
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), "80")
	}
	return &Target{
		url: baseURL, keep: conns,
		head: " HTTP/1.1\r\nHost: " + u.Host + "\r\nContent-Type: application/json\r\nContent-Length: ",
		Dial: dialer(address),
	}, nil
}

// Init gives the container its action, within the context's deadline. The error
// says status and body of an answer that is not 200.
func (t *Target) Init(ctx context.Context, body []byte) error {
	limit := 5 * DefaultLimit
	if end, ok := ctx.Deadline(); ok {
		limit = time.Until(end)
	}
	c := t.take()
	defer t.put(c)
	a, err := c.Do(t.request(nil, "/init", len(body)), body, limit)
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("status %d: %.300s", a.Status, a.Body)
	}
	if err != nil {
		return fmt.Errorf("init of %s: %w", t.url, err)
	}
	return nil
}

// Call makes one run and checks its answer.
func (t *Target) Call(work Work, limit time.Duration) error {
	c := t.take()
	defer t.put(c)
	c.body = work.Next(c.body, t.Function)
	if c.head = c.head[:0]; !t.Raw {
		c.head = t.request(c.head, "/run", len(c.body))
	}
	a, err := c.Do(c.head, c.body, limit)
	if err != nil {
		return err
	}
	return work.Check(c.body, a)
}

func (t *Target) request(buf []byte, path string, length int) []byte {
	buf = append(append(append(buf, "POST "...), path...), t.head...)
	return append(strconv.AppendInt(buf, int64(length), 10), "\r\n\r\n"...)
}

// take returns the most recently used connection, whose memory is still in the
// caches, or a new one.
func (t *Target) take() *Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := len(t.idle) - 1
	if last < 0 {
		return &Conn{dial: t.Dial}
	}
	c := t.idle[last]
	t.idle = t.idle[:last]
	return c
}

func (t *Target) put(c *Conn) {
	if t.keep == 0 {
		c.Close()
	}
	t.mu.Lock()
	full := len(t.idle) >= max(t.keep, 1)
	if !full {
		t.idle = append(t.idle, c)
	}
	t.mu.Unlock()
	if full {
		c.Close()
	}
}

func (t *Target) concurrency() int { return max(1, t.Concurrency) }

// Close closes the idle connections.
func (t *Target) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.idle {
		c.Close()
	}
	t.idle = nil
}
