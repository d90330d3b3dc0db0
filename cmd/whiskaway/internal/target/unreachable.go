package target

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/exit"
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
	var record tls.RecordHeaderError
	switch _, host, _ := strings.Cut(url, "://"); {
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return says("there is no host %s: check its spelling, or name another with %s", lookup.Name, expected.Flag)
	case errors.As(err, &lookup):
		return says("the host %s cannot be looked up (%s): is the network there?", lookup.Name, lookup.Err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return says("nothing listens there: start %s, or name another with %s", expected.start, expected.Flag)
	case errors.Is(err, errWantsTLS), strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`):
		return says("it serves HTTPS and was asked in plain HTTP: say %s https://%s", expected.Flag, host)
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return says("it serves plain HTTP and was asked for HTTPS: say %s http://%s", expected.Flag, host)
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return says("it does not answer; is the host up, and no firewall between?")
	}
	if trust := untrusted(err); trust != "" {
		return says("%s", trust)
	}
	return err
}

// untrusted returns what is wrong with a server's certificate, empty if nothing
// is.
func untrusted(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return "this host does not trust the issuer of its certificate (x509): pass the issuer's certificate, or the server's own, with --ca-file"
	case errors.As(err, &name):
		return fmt.Sprintf("its certificate is not for this name (%s): use one that it is for, or have it made for this one", name.Error())
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("its certificate is not valid now (%s): renew it, or mend this host's clock", invalid.Error())
	}
	return ""
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// wantsTLS reports whether an answer is what Go's servers and common proxies
// send to plain HTTP on an HTTPS port.
func wantsTLS(resp *http.Response, body []byte) bool {
	return resp.StatusCode == http.StatusBadRequest && (bytes.Contains(body, []byte("HTTP request to an HTTPS server")) ||
		bytes.Contains(body, []byte("plain HTTP request was sent to HTTPS port")))
}
