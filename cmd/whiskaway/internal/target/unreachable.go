package target

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/exit"
	"github.com/whiskaway/whiskaway/internal/upstream"
)

// errWantsTLS reports that a server of HTTPS was asked in plain HTTP.
var errWantsTLS = errors.New("it serves HTTPS")

// Unreachable returns the error for a URL where nothing answers, in plain words
// and with what to do about it.
func Unreachable(expected peer, url string, err error) error {
	return exit.With(exit.Unreachable, fmt.Errorf("%s cannot be reached: %w", url, explain(expected, url, err)))
}

// plainError is an error in plain words that wraps its cause.
type plainError struct {
	says  string
	cause error
}

func (c plainError) Error() string { return c.says }
func (c plainError) Unwrap() error { return c.cause }

func explain(expected peer, url string, err error) error {
	says := func(format string, args ...any) error { return plainError{fmt.Sprintf(format, args...), err} }
	var lookup *net.DNSError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	_, host, _ := strings.Cut(url, "://")
	switch cause := causeOf(err); {
	case cause == upstream.CauseNoHost && errors.As(err, &lookup):
		return says("there is no host %s: check its spelling, or name another with %s", lookup.Name, expected.Flag)
	case cause == upstream.CauseNoLookup && errors.As(err, &lookup):
		return says("the host %s cannot be looked up (%s): is the network there?", lookup.Name, lookup.Err)
	case cause == upstream.CauseRefused:
		return says("nothing listens there: start %s, or name another with %s", expected.start, expected.Flag)
	case cause == upstream.CauseTLS:
		return says("it serves HTTPS and was asked in plain HTTP: say %s https://%s", expected.Flag, host)
	case cause == upstream.CauseNoTLS:
		return says("it serves plain HTTP and was asked for HTTPS: say %s http://%s", expected.Flag, host)
	case cause == upstream.CauseTimeout:
		return says("it does not answer; is the host up, and no firewall between?")
	case cause == upstream.CauseIssuer:
		return says("this host does not trust the issuer of its certificate (x509): pass the issuer's certificate, or the server's own, with --ca-file")
	case cause == upstream.CauseOtherName && errors.As(err, &name):
		return says("its certificate is not for this name (%s): use one that it is for, or have it made for this one", name.Error())
	case cause == upstream.CauseExpired && errors.As(err, &invalid):
		return says("its certificate is not valid now (%s): renew it, or mend this host's clock", invalid.Error())
	}
	return err
}

// causeOf knows besides what net/http's client says only in text.
func causeOf(err error) upstream.Cause {
	switch {
	case errors.Is(err, errWantsTLS), strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`):
		return upstream.CauseTLS
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return upstream.CauseNoTLS
	}
	return upstream.CauseOf(err)
}

// wantsTLS reports whether an answer is what Go's servers and common proxies
// send to plain HTTP on an HTTPS port.
func wantsTLS(resp *http.Response, body []byte) bool {
	return resp.StatusCode == http.StatusBadRequest && (bytes.Contains(body, []byte("HTTP request to an HTTPS server")) ||
		bytes.Contains(body, []byte("plain HTTP request was sent to HTTPS port")))
}
