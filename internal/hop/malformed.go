package hop

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
)

// ErrMalformed is wrapped by the failure of an exchange with whatever does not
// speak the HTTP that is spoken here: who sends the same again gets the same. A
// request may have been sent to it, unless the error wraps ErrNotSent too.
var ErrMalformed = errors.New("malformed HTTP")

var (
	errTLS   = fmt.Errorf("%w: it speaks TLS, and was spoken to without: its URL begins with https://", ErrMalformed)
	errNoTLS = fmt.Errorf("%w: it does not speak TLS: its URL begins with http://", ErrMalformed)
)

// handshakeError tells a side that does not speak TLS from one that is not
// trusted, or away.
func handshakeError(err error) error {
	var other tls.RecordHeaderError
	if errors.As(err, &other) {
		return errNoTLS
	}
	return err
}

// speaksTLS reports whether an answer begins as a record of TLS does: an alert,
// or a handshake.
func speaksTLS(answer []byte) bool {
	return len(answer) > 1 && (answer[0] == 0x15 || answer[0] == 0x16) && answer[1] == 3
}

// plainRefused is the body that Go's servers answer to whom they understand though
// it should speak TLS. It comes with an empty head.
const plainRefused = "Client sent an HTTP request to an HTTPS server."

func (c *conn) refusedPlain(head []byte) bool {
	if len(bytes.TrimRight(head, "\r\n")) > 0 {
		return false
	}
	body, _ := c.in.Peek(len(plainRefused))
	return string(body) == plainRefused
}
