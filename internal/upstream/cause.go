package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// Cause is why a server gave no answer, in one word for programs and, by
// String, in a few words for authors. The words name no address: socket errors
// do, and they are for the operator's log.
type Cause int

// Causes. Those from CauseNoTLS on are certain: waiting does not mend a wrong
// setting, and the same request fails again.
const (
	CauseUnknown Cause = iota
	CauseRefused
	CauseReset
	CauseClosed
	CauseCut // the answer ended early
	CauseNoRoute
	CauseTimeout
	CauseNoHost
	CauseNoLookup

	CauseNoTLS // TLS was spoken to a server of plain HTTP
	CauseTLS   // plain HTTP was spoken to a server of TLS
	CauseNoHTTP
	CauseIssuer // of the server's certificate
	CauseOtherName
	CauseExpired
	CauseCertificate // it is wrong in another way
	CauseHandshake
	CauseUnsendable
)

var words = [...]string{
	CauseUnknown: "the connection failed", CauseRefused: "the connection was refused", CauseReset: "the connection was reset",
	CauseClosed: "the connection was closed", CauseCut: "the connection was closed before the answer was complete",
	CauseNoRoute: "there is no route to it", CauseTimeout: "it did not answer in time",
	CauseNoHost: "its host name is not known", CauseNoLookup: "its host name cannot be looked up",
	CauseNoTLS:       "it does not speak TLS: write http:// instead of https:// in its URL",
	CauseTLS:         "it speaks TLS: write https:// instead of http:// in its URL",
	CauseNoHTTP:      "its answer is no HTTP/1.1: look at what listens there",
	CauseIssuer:      "its certificate is signed by an authority that is not trusted here",
	CauseOtherName:   "its certificate is for another host than its URL names: have it made for that host, or write the name that it is for",
	CauseExpired:     "its certificate is not valid at this time: renew it, or set the clock",
	CauseCertificate: "its certificate is not valid", CauseHandshake: "it refused the TLS handshake", CauseUnsendable: "the request cannot be sent",
}

func (c Cause) String() string { return words[c] }

// Advise returns advice for an author. service names the service that called,
// and ca is its setting for the certificate of the server's authority.
func (c Cause) Advise(service, ca string) string {
	switch c {
	case CauseIssuer:
		return c.String() + ": name that authority's certificate with " + ca
	case CauseCertificate, CauseHandshake, CauseUnsendable:
		return c.String() + ": the " + service + "'s log says why"
	}
	return c.String()
}

// Certain reports whether the same request to the same server fails again.
func (c Cause) Certain() bool { return c >= CauseNoTLS }

// kinds maps error values to causes; the first match counts.
var kinds = []struct {
	of    error
	cause Cause
}{
	{ErrSpeaksTLS, CauseTLS},
	{ErrNoHTTP, CauseNoHTTP},
	{ErrUnsendable, CauseUnsendable},
	{syscall.ECONNREFUSED, CauseRefused},
	{syscall.ECONNRESET, CauseReset},
	{syscall.EPIPE, CauseClosed},
	{net.ErrClosed, CauseClosed},
	{io.ErrUnexpectedEOF, CauseCut},
	{io.EOF, CauseCut},
	{syscall.EHOSTUNREACH, CauseNoRoute},
	{syscall.ENETUNREACH, CauseNoRoute},
	{os.ErrDeadlineExceeded, CauseTimeout},
	{context.DeadlineExceeded, CauseTimeout},
}

// CauseOf returns the cause of a failed request of this package or of
// net/http's client.
func CauseOf(err error) Cause {
	if cause, ok := ofTLS(err); ok {
		return cause
	}
	if name, ok := errors.AsType[*net.DNSError](err); ok {
		if name.IsNotFound {
			return CauseNoHost
		}
		return CauseNoLookup
	}
	for _, kind := range kinds {
		if errors.Is(err, kind.of) {
			return kind.cause
		}
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return CauseTimeout
	}
	return CauseUnknown
}

func ofTLS(err error) (cause Cause, ok bool) {
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	var roots x509.SystemRootsError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &record):
		return CauseNoTLS, true
	case errors.As(err, &authority), errors.As(err, &roots):
		return CauseIssuer, true
	case errors.As(err, &name):
		return CauseOtherName, true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return CauseExpired, true
	case errors.As(err, &verification), errors.As(err, &invalid):
		return CauseCertificate, true
	case alert(err):
		return CauseHandshake, true
	}
	return CauseUnknown, false
}

// alert reports whether the other side ended a handshake with a TLS alert. Its
// internal errors do not count: they may pass.
func alert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" && !strings.Contains(op.Error(), "internal error")
}
