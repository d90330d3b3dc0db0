package loadbalancer

import (
	"errors"
	"net"
	"strings"

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
	for _, own := range []error{errNotOurs, errLarge} {
		if errors.Is(err, own) {
			return own.Error()
		}
	}
	return hop.CauseOf(err).Advise(service, "--servers-ca")
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
