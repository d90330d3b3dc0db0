package upstream_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/internal/upstream"
)

// Errors of the network in all their forms.
func TestCauseOf_NamesNoAddress(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 9000}
	op := func(op string, err error) error { return &net.OpError{Op: op, Net: "tcp", Addr: at, Err: err} }
	for _, c := range []struct {
		err     error
		want    upstream.Cause
		certain bool
	}{
		{op("dial", os.NewSyscallError("connect", syscall.ECONNREFUSED)), upstream.CauseRefused, false},
		{op("dial", os.NewSyscallError("connect", syscall.EHOSTUNREACH)), upstream.CauseNoRoute, false},
		{op("dial", os.ErrDeadlineExceeded), upstream.CauseTimeout, false},
		{context.DeadlineExceeded, upstream.CauseTimeout, false},
		{op("read", syscall.ECONNRESET), upstream.CauseReset, false},
		{op("write", syscall.EPIPE), upstream.CauseClosed, false},
		{op("write", net.ErrClosed), upstream.CauseClosed, false},
		{io.ErrUnexpectedEOF, upstream.CauseCut, false},
		{&net.DNSError{Name: "gpu.10.1.2.3", Server: "10.1.2.3:53", IsNotFound: true}, upstream.CauseNoHost, false},
		{&net.DNSError{Name: "gpu.10.1.2.3", Server: "10.1.2.3:53", IsTimeout: true}, upstream.CauseNoLookup, false},
		{errors.New("something about 10.1.2.3"), upstream.CauseUnknown, false},
		{op("remote error", tls.AlertError(80)), upstream.CauseUnknown, false}, // an internal error may pass
		{op("remote error", tls.AlertError(40)), upstream.CauseHandshake, true},
		{tls.RecordHeaderError{Msg: "not TLS"}, upstream.CauseNoTLS, true},
		{fmt.Errorf("%w: %w", upstream.ErrNoHTTP, tls.RecordHeaderError{Msg: "not TLS"}), upstream.CauseNoTLS, true},
		{upstream.ErrSpeaksTLS, upstream.CauseTLS, true},
		{upstream.ErrNoHTTP, upstream.CauseNoHTTP, true},
		{upstream.ErrUnsendable, upstream.CauseUnsendable, true},
		{x509.UnknownAuthorityError{}, upstream.CauseIssuer, true},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "10.1.2.3"}, upstream.CauseOtherName, true},
		{x509.CertificateInvalidError{Reason: x509.Expired}, upstream.CauseExpired, true},
		{x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}, upstream.CauseCertificate, true},
		{&tls.CertificateVerificationError{Err: errors.New("10.1.2.3")}, upstream.CauseCertificate, true},
	} {
		got := upstream.CauseOf(fmt.Errorf("10.1.2.3: %w", c.err))
		assert.Equal(t, c.want, got, "%v", c.err)
		assert.Equal(t, c.certain, got.Certain(), "%v", c.err)
		assert.NotEmpty(t, got.String())
		assert.NotContains(t, got.String(), "10.1.2.3")
	}
}
