package loadbalancer

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/whiskaway/whiskaway/internal/hop"
)

// errNotOurs is for an answer that no server of the contract gives.
var errNotOurs = errors.New("it is no server of this contract")

// public is what authors are told a server is called: the name that its owner
// gave it. Where it is, is the operator's business and in the log.
func (s *backend) public() string {
	name := s.name
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host // of a tunnel, say
	}
	if strings.Contains(s.name, "://") || net.ParseIP(name) != nil {
		return "a server"
	}
	return name
}

// inWords says what went wrong on the way to a server without naming an address,
// which the errors of sockets do.
func inWords(err error) string {
	var timeout net.Error
	var resolving *net.DNSError
	var untrusted *tls.CertificateVerificationError
	is := func(any ...error) bool {
		for _, one := range any {
			if errors.Is(err, one) {
				return true
			}
		}
		return false
	}
	switch {
	case is(hop.ErrNoHTTP):
		return "what it answers is no HTTP, or its URL says http where it should say https, or the reverse"
	case is(errNotOurs):
		return errNotOurs.Error()
	case is(errLarge):
		return errLarge.Error()
	case errors.As(err, &untrusted):
		return "its certificate is not trusted"
	case errors.As(err, &resolving):
		return "its name cannot be resolved"
	case is(context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "it took too long"
	case is(syscall.ECONNREFUSED):
		return "the connection was refused"
	case is(syscall.EHOSTUNREACH, syscall.ENETUNREACH):
		return "there is no way to its host"
	case is(io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed):
		return "the connection broke off"
	}
	return "the connection failed"
}

// garbled is for a server that speaks no HTTP: to send it the same again is of no
// use.
func garbled(s *backend, started string, err error) *Refusal {
	return lost("%s cannot be spoken to, %s: %s", s.public(), started, inWords(err)).Because(err)
}

// garbledUnsent is for a run that such a server was not sent: another may have it,
// or the same once it is set right.
func garbledUnsent(s *backend, err error) *Refusal {
	return away("%s cannot be spoken to, nothing was started: %s", s.public(), inWords(err)).Because(err)
}
