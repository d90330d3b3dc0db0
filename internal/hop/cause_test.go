package hop_test

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

	"github.com/whiskaway/whiskaway/internal/hop"
)

// Errors of the network in all their forms.
func TestCauseOf_NamesNoAddress(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 9000}
	op := func(op string, err error) error { return &net.OpError{Op: op, Net: "tcp", Addr: at, Err: err} }
	for _, c := range []struct {
		err     error
		want    hop.Cause
		certain bool
	}{
		{op("dial", os.NewSyscallError("connect", syscall.ECONNREFUSED)), hop.CauseRefused, false},
		{op("dial", os.NewSyscallError("connect", syscall.EHOSTUNREACH)), hop.CauseNoRoute, false},
		{op("dial", os.ErrDeadlineExceeded), hop.CauseTimeout, false},
		{context.DeadlineExceeded, hop.CauseTimeout, false},
		{op("read", syscall.ECONNRESET), hop.CauseReset, false},
		{op("write", syscall.EPIPE), hop.CauseClosed, false},
		{op("write", net.ErrClosed), hop.CauseClosed, false},
		{io.ErrUnexpectedEOF, hop.CauseCut, false},
		{&net.DNSError{Name: "gpu.10.1.2.3", Server: "10.1.2.3:53", IsNotFound: true}, hop.CauseNoHost, false},
		{&net.DNSError{Name: "gpu.10.1.2.3", Server: "10.1.2.3:53", IsTimeout: true}, hop.CauseNoLookup, false},
		{errors.New("something about 10.1.2.3"), hop.CauseUnknown, false},
		{op("remote error", tls.AlertError(80)), hop.CauseUnknown, false}, // an internal error may pass
		{op("remote error", tls.AlertError(40)), hop.CauseHandshake, true},
		{tls.RecordHeaderError{Msg: "not TLS"}, hop.CauseNoTLS, true},
		{fmt.Errorf("%w: %w", hop.ErrNoHTTP, tls.RecordHeaderError{Msg: "not TLS"}), hop.CauseNoTLS, true},
		{hop.ErrSpeaksTLS, hop.CauseTLS, true},
		{hop.ErrNoHTTP, hop.CauseNoHTTP, true},
		{hop.ErrUnsendable, hop.CauseUnsendable, true},
		{x509.UnknownAuthorityError{}, hop.CauseIssuer, true},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "10.1.2.3"}, hop.CauseOtherName, true},
		{x509.CertificateInvalidError{Reason: x509.Expired}, hop.CauseExpired, true},
		{x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}, hop.CauseCertificate, true},
		{&tls.CertificateVerificationError{Err: errors.New("10.1.2.3")}, hop.CauseCertificate, true},
	} {
		got := hop.CauseOf(fmt.Errorf("10.1.2.3: %w", c.err))
		assert.Equal(t, c.want, got, "%v", c.err)
		assert.Equal(t, c.certain, got.Certain(), "%v", c.err)
		assert.NotEmpty(t, got.String())
		assert.NotContains(t, got.String(), "10.1.2.3")
	}
}
