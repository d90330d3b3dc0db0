package upstream

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
)

// handshakeError tells a server that does not speak TLS from one that is not
// trusted or not reachable.
func handshakeError(err error) error {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return fmt.Errorf("%w: it does not speak TLS, so its URL begins with http://: %w", ErrNoHTTP, err)
	}
	return err
}

// plainRefused is the body with which Go's TLS servers answer plain HTTP. It
// comes with an empty head.
const plainRefused = "Client sent an HTTP request to an HTTPS server."

func (c *conn) refusedPlain(head []byte) bool {
	if len(bytes.TrimRight(head, "\r\n")) > 0 {
		return false
	}
	body, _ := c.in.Peek(len(plainRefused))
	return string(body) == plainRefused
}
