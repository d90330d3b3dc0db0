// Package upstream sends requests of the contract to the next server or balancer
// over kept HTTP/1.1 connections.
//
// It sends one write per request, by writev above 16 KiB, and leaves the head
// of the answer as it came. It knows whether a byte of a request was written:
// what was not sent may be sent elsewhere, and what was sent may have started a
// run. It checks a kept connection before it uses it: net/http's transport
// notices a closed connection late and reports less. Bodies above 128 KiB are
// written while the answer is read, because a server may refuse them before
// their end.
package upstream

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/whiskaway/whiskaway/internal/tlsconn"
)

// ErrNotSent is wrapped by a failure before any byte of the request reached the
// wire, so the request cannot have started anything.
var ErrNotSent = errors.New("the request was not sent")

// ErrUnsendable is wrapped by a failure of the request itself, which no server
// can receive.
var ErrUnsendable = errors.New("the request cannot be sent")

// Request is one request of the contract.
type Request struct {
	Get    bool // else POST with a body
	Path   string
	Header Header                    // not changed, may be shared
	Body   []byte                    // not changed, may be shared
	Open   func() (io.Reader, error) // a body outside memory, instead of Body; reading it must not outlast ctx
	Size   int64                     // of what Open returns, in bytes
	Used   bool                      // send it only over a connection that carried an earlier request
}

func (r *Request) size() int64 {
	if r.Open != nil {
		return r.Size
	}
	return int64(len(r.Body))
}

const (
	dialTimeout = 5 * time.Second
	handshake   = 10 * time.Second
	// idleTimeout is shorter than the 10 s after which the platform freezes a
	// client container. A connection must not go stale while the container is
	// frozen.
	idleTimeout = 5 * time.Second
	maxIdle     = 256
)

// Options configures a pool.
type Options struct {
	Token string                     // sent as a bearer token; empty: none
	TLS   *tls.Config                // for https
	Guard func(address string) error // returns an error for an address that may not be connected to; may be nil
	// Dial replaces connecting to the host of the URL; may be nil. A failed
	// write on its connections returns 0 only if nothing was sent.
	Dial func(context.Context) (net.Conn, error)
}

// Pool holds the connections to one service. It follows no redirects, uses no
// proxy and asks for no compression.
type Pool struct {
	base   *url.URL
	fixed  string // the lines that every request's head has
	secure *tls.Config
	dialer net.Dialer
	other  func(context.Context) (net.Conn, error) // instead of dialer
	idle   idle
}

// New returns a pool for the service at base. It ignores base's path.
func New(base *url.URL, o Options) *Pool {
	p := &Pool{base: base, dialer: net.Dialer{Timeout: dialTimeout}, other: o.Dial}
	p.fixed = "Host: " + base.Host + "\r\n"
	if o.Token != "" {
		p.fixed += "Authorization: Bearer " + o.Token + "\r\n"
	}
	if o.Guard != nil {
		p.dialer.Control = func(_, address string, _ syscall.RawConn) error { return o.Guard(address) }
	}
	if base.Scheme == "https" {
		if p.secure = o.TLS.Clone(); p.secure == nil {
			p.secure = &tls.Config{}
		}
		p.secure.ServerName = cmp.Or(p.secure.ServerName, base.Hostname())
		p.secure.NextProtos = []string{"http/1.1"}
	}
	return p
}

func (p *Pool) String() string { return p.base.String() }

// Send sends a request at most once and returns when the head of its answer has
// arrived. The caller must close the answer. ctx bounds the whole exchange,
// including the reading of the answer. After an error the request may have
// arrived, unless the error wraps ErrNotSent.
func (p *Pool) Send(ctx context.Context, r *Request) (*Response, error) {
	c, err := p.take(ctx, r.Used)
	if err != nil {
		return nil, notSent(err)
	}
	c.release = context.AfterFunc(ctx, c.abort)
	resp, sent, err := c.exchange(p, r)
	if err == nil {
		return resp, nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if !sent {
		return nil, notSent(err)
	}
	return nil, err
}

func notSent(err error) error { return fmt.Errorf("%w: %w", ErrNotSent, err) }

// errUnused is the error of a request with Used set when no idle connection is
// left.
var errUnused = errors.New("no connection that was used before is left")

// take returns an idle connection or makes one.
func (p *Pool) take(ctx context.Context, used bool) (*conn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if c := p.idle.take(); c != nil {
		return c, nil
	}
	if used {
		return nil, errUnused
	}
	return p.dial(ctx)
}

func (p *Pool) dial(ctx context.Context) (*conn, error) {
	raw, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	if p.secure == nil {
		return newConn(raw, raw, &p.idle), nil
	}
	secured := tlsconn.Client(raw, p.secure)
	ctx, cancel := context.WithTimeout(ctx, handshake)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, handshakeError(err)
	}
	return newConn(raw, secured, &p.idle), nil
}

func (p *Pool) connect(ctx context.Context) (net.Conn, error) {
	if p.other != nil {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		return p.other(ctx)
	}
	return p.dialer.DialContext(ctx, "tcp", net.JoinHostPort(p.base.Hostname(), cmp.Or(p.base.Port(), p.base.Scheme)))
}

// CloseIdle closes connections that are not in use.
func (p *Pool) CloseIdle() { p.idle.clear() }

// ParseTarget reads the URL of a service: http or https, a host and optionally
// a port, and nothing else. A target without a scheme gets the given one.
func ParseTarget(target, scheme string) (*url.URL, error) {
	if !strings.Contains(target, "://") {
		target = scheme + "://" + target
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%.100q: want http://HOST:PORT or https://HOST:PORT and nothing else", target)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}
