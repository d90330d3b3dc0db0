package clientmode

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

	"github.com/whiskaway/whiskaway/clientmode/internal/allowlist"
	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// causes say why a request failed, for its author. The errors themselves name
// addresses, which are the operator's and go to its log.
var causes = []struct {
	of   error
	says string
}{
	{runtimespec.ErrTruncated, runtimespec.ErrTruncated.Error()},
	{syscall.ECONNREFUSED, "the connection was refused"},
	{syscall.ECONNRESET, "the connection was reset"},
	{syscall.EPIPE, "the connection was closed"},
	{io.ErrUnexpectedEOF, "the connection was closed before the answer was complete"},
	{io.EOF, "the connection was closed before the answer was complete"},
	{syscall.EHOSTUNREACH, "there is no route to it"},
	{syscall.ENETUNREACH, "there is no route to it"},
	{os.ErrDeadlineExceeded, "it did not answer in time"},
	{context.DeadlineExceeded, "it did not answer in time"},
}

// cause is why a request failed, without an address.
func cause(err error) string {
	if advice, ok := certain(err); ok {
		return advice
	}
	for _, c := range causes {
		if errors.Is(err, c.of) {
			return c.says
		}
	}
	var said answered
	var name *net.DNSError
	var timeout net.Error
	var never *allowlist.RefusedError
	switch {
	case errors.As(err, &never):
		return never.Public()
	case errors.As(err, &said):
		return said.Error()
	case errors.As(err, &name) && name.IsNotFound:
		return "its host name is not known"
	case errors.As(err, &name):
		return "its host name cannot be looked up"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "it did not answer in time"
	}
	return "the connection failed"
}

// answered is the failure of a request that was refused for now.
type answered runtimespec.Reason

func (a answered) Error() string { return "it answered " + string(a) }

// certain reports whether the same request to the same server fails again, and
// says what to do about it: what is set wrong is not mended by waiting.
func certain(err error) (advice string, ok bool) {
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	var roots x509.SystemRootsError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.Is(err, runtimespec.ErrFrame):
		return ownText(err, runtimespec.ErrFrame), true
	case errors.As(err, &record):
		return "it does not speak TLS: write http:// instead of https:// in its URL", true
	case errors.As(err, &authority), errors.As(err, &roots):
		return "its certificate is signed by an authority that is not trusted here: name that authority's certificate with WHISKAWAY_CA_FILE", true
	case errors.As(err, &name):
		return "its certificate is for another host than its URL names: have it made for that host, or write the name that it is for", true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate is not valid at this time: renew it, or set the clock", true
	case errors.As(err, &verification), errors.As(err, &invalid):
		return "its certificate is not valid: the client's log says why", true
	case alert(err):
		return "it refused the TLS handshake: the client's log says why", true
	case errors.Is(err, hop.ErrSpeaksTLS):
		return speaksTLS, true
	case errors.Is(err, hop.ErrNoHTTP):
		return "its answer is no HTTP/1.1: look at what listens there", true
	case errors.Is(err, hop.ErrUnsendable):
		return "the request cannot be sent: the client's log says why", true
	}
	return "", false
}

// hopeless reports whether an error is certain to come again.
func hopeless(err error) bool {
	_, ok := certain(err)
	return ok
}

const speaksTLS = "it speaks TLS: write https:// instead of http:// in its URL"

// alert reports whether the other side ended a handshake with a TLS alert. An
// internal error of its own may pass.
func alert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" && !strings.Contains(op.Error(), "internal error")
}

// ownText is an error's text from kind on, which is its own and not a
// connection's.
func ownText(err, kind error) string {
	text := err.Error()
	if at := strings.Index(text, kind.Error()); at >= 0 {
		return text[at:]
	}
	return kind.Error()
}
