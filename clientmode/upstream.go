package clientmode

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// ErrNotSent is wrapped by a failure before any byte of the request reached
// the wire: nothing can have been started by it.
var ErrNotSent = errors.New("the request was not sent")

// Request is one request of the contract to an upstream.
type Request struct {
	Path   string
	Header http.Header // not changed, may be shared
	Size   int64
	Open   func() (io.ReadCloser, error) // the body; nil: none
	Used   bool                          // send it only to whom an earlier request was sent, over its connection
}

// Upstream carries requests to a server or a balancer. Send sends a request at
// most once; an error means that it may have arrived, unless it wraps
// ErrNotSent.
type Upstream interface {
	Send(ctx context.Context, r *Request) (*http.Response, error)
	CloseIdle()
	String() string
}

const (
	dialTimeout = 5 * time.Second
	// idleTimeout is shorter than the 10 s after which the platform freezes the
	// container: a connection must not go stale in its sleep.
	idleTimeout = 5 * time.Second
	maxHeader   = 64 << 10
)

// guard says no to an address that may not be connected to.
type guard func(address string) error

type httpUpstream struct {
	base      *url.URL
	token     string
	transport *http.Transport
}

func newHTTPUpstream(target, token string, secure *tls.Config, guard guard) (*httpUpstream, error) {
	base, err := parseTarget(target, "http")
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	if guard != nil {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return guard(address) }
	}
	u := &httpUpstream{base: base, token: token}
	u.transport = &http.Transport{ // no proxy from the environment, no redirects, no compression
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &countedConn{Conn: conn}, nil
		},
		TLSClientConfig:        secure,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		WriteBufferSize:        32 << 10,
		ReadBufferSize:         32 << 10,
	}
	return u, nil
}

// parseTarget reads the URL of an upstream; without a scheme it is scheme's.
func parseTarget(target, scheme string) (*url.URL, error) {
	if !strings.Contains(target, "://") {
		target = scheme + "://" + target
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("upstream: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("upstream %.100q: want http://HOST:PORT or https://HOST:PORT and nothing else", target)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// Send sends one request.
func (u *httpUpstream) Send(ctx context.Context, r *Request) (*http.Response, error) {
	var conn *countedConn
	var before int64
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if conn = counted(info.Conn); conn != nil {
			before = conn.written.Load()
			switch {
			case info.Reused && conn.stale():
				_ = conn.Close() // nothing will be written, and the caller tries again
				u.CloseIdle()    // the others are no better
			case r.Used && !info.Reused:
				_ = conn.Close()
			}
		}
	}})
	req, err := u.request(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	resp, err := u.transport.RoundTrip(req)
	if err == nil {
		return resp, nil
	}
	if conn == nil || conn.written.Load() == before {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	return nil, err
}

func (u *httpUpstream) request(ctx context.Context, r *Request) (*http.Request, error) {
	req := &http.Request{
		Method: http.MethodPost, Host: u.base.Host,
		URL:   &url.URL{Scheme: u.base.Scheme, Host: u.base.Host, Path: r.Path},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: maps.Clone(r.Header), ContentLength: r.Size,
	}
	if u.token != "" {
		req.Header["Authorization"] = []string{"Bearer " + u.token}
	}
	if r.Open != nil {
		body, err := r.Open()
		if err != nil {
			return nil, err
		}
		req.Body = body
	}
	return req.WithContext(ctx), nil
}

// CloseIdle closes connections that are not in use.
func (u *httpUpstream) CloseIdle() { u.transport.CloseIdleConnections() }

func (u *httpUpstream) String() string { return u.base.String() }
