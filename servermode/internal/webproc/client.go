// Package webproc speaks to a function's process that is a web server. It gives the
// process a port, sees when it is ready, and turns runs into requests and answers
// into results. Before it sends anything it checks that the function itself listens
// on the port, and not on an address that the network can reach. It knows HTTP,
// because these functions do.
package webproc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

const (
	host = "127.0.0.1"
	// idleFor is how long a connection is kept for the next run. It is less than any
	// server's own limit, so that no connection is closed while a run is written to
	// it.
	idleFor = time.Second
	// readyTime bounds one check whether the server is ready.
	readyTime = 5 * time.Second
	// maxHeader bounds the header of an answer, in bytes.
	maxHeader = 64 << 10
)

// Endpoint says where on its server a function is called.
type Endpoint struct {
	Ready string // path that answers 2xx when it is ready; empty: to be connected to is enough
	Run   string // path, perhaps with a query, that runs are posted to
}

// Client speaks to one process. No other process can take that process's place.
type Client struct {
	endpoint  Endpoint
	uid       uint32
	port      int
	transport *http.Transport
	close     sync.Once
}

var _ process.Web = (*Client)(nil)

// New takes a port for a process that runs as uid and gets at most atOnce runs at
// the same time.
func New(endpoint Endpoint, uid uint32, atOnce int) (*Client, error) {
	port, err := reserve()
	if err != nil {
		return nil, fmt.Errorf("a port for the function: %w", err)
	}
	c := &Client{endpoint: endpoint, uid: uid, port: port}
	c.transport = &http.Transport{
		DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) },
		DisableCompression:     true,
		MaxIdleConns:           atOnce,
		MaxIdleConnsPerHost:    atOnce,
		IdleConnTimeout:        idleFor,
		MaxResponseHeaderBytes: maxHeader,
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	return c, nil
}

// Environ adds where to listen to a process's environment, also under the names that
// usual servers read. The function may set all of these but the port.
func (c *Client) Environ(env []string) []string {
	port := strconv.Itoa(c.port)
	return slices.Concat([]string{
		"HOST=" + host,
		"UVICORN_HOST=" + host, "UVICORN_PORT=" + port,
		"FLASK_RUN_HOST=" + host, "FLASK_RUN_PORT=" + port,
		"GUNICORN_CMD_ARGS=--bind=" + c.address(),
		"GRADIO_SERVER_NAME=" + host, "GRADIO_SERVER_PORT=" + port,
		"LLAMA_ARG_HOST=" + host, "LLAMA_ARG_PORT=" + port,
		"OLLAMA_HOST=" + c.address(),
	}, env, []string{"PORT=" + port})
}

func (c *Client) address() string { return net.JoinHostPort(host, strconv.Itoa(c.port)) }

// Close ends the connections and frees the port.
func (c *Client) Close() {
	c.close.Do(func() {
		c.transport.CloseIdleConnections()
		release(c.port)
	})
}

// notConnected is a failure to connect: nothing was sent.
type notConnected struct{ cause error }

func (e *notConnected) Error() string { return "no connection: " + e.cause.Error() }
func (e *notConnected) Unwrap() error { return e.cause }

// dial connects, and checks that the function listens there. Some servers take the
// loopback's name for its IPv6 address alone, so dial tries that address too.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	conn, err := c.dialAt(ctx, loopback)
	if errors.Is(err, syscall.ECONNREFUSED) {
		if six, other := c.dialAt(ctx, loopback6); other == nil || errors.As(other, new(*exposedError)) {
			return six, other
		}
	}
	return conn, err
}

func (c *Client) dialAt(ctx context.Context, at netip.Addr) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", netip.AddrPortFrom(at, uint16(c.port)).String())
	if err != nil {
		return nil, &notConnected{err}
	}
	if err := checkListener(at, c.port, c.uid); err != nil {
		return nil, &notConnected{errors.Join(err, conn.Close())}
	}
	return conn, nil
}

// Ready checks once whether the server can be given runs.
func (c *Client) Ready(ctx context.Context) (missing string, err error) {
	ctx, stop := context.WithTimeout(ctx, readyTime)
	defer stop()
	if c.endpoint.Ready != "" {
		missing, err = c.ask(ctx)
	} else {
		var conn net.Conn
		if conn, err = c.dial(ctx); err == nil {
			err = conn.Close()
		}
	}
	var exposed *exposedError
	switch {
	case err == nil:
		return missing, nil
	case errors.As(err, &exposed):
		return "", fmt.Errorf("%w: %w", process.ErrUnfit, exposed)
	case errors.Is(err, errImpostor):
		return "", errImpostor
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens on " + c.address(), nil
	case c.endpoint.Ready != "" && !errors.As(err, new(*notConnected)):
		return fmt.Sprintf("GET %s on %s gave no answer: %v", c.endpoint.Ready, c.address(), err), nil
	}
	return fmt.Sprintf("%s: %v", c.address(), err), nil
}

// ask makes one request to the path that tells whether the server is ready.
func (c *Client) ask(ctx context.Context) (missing string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.address()+c.endpoint.Ready, nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", process.ErrUnfit, err)
	}
	req.Header.Set("User-Agent", userAgent)
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxHeader) // so that the connection can be reused
	if resp.StatusCode/100 != 2 {
		return fmt.Sprintf("GET %s on %s answered %.100s", c.endpoint.Ready, c.address(), resp.Status), nil
	}
	return "", nil
}

// Hint says where the function listens instead, if that is known. Functions that run
// as the server's own user cannot be told apart.
func (c *Client) Hint() string {
	if c.uid == uint32(os.Getuid()) {
		return ""
	}
	return elsewhere(c.port, c.uid)
}
