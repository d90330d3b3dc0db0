package front

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"time"
)

// secure has the connection become one of TLS, within the time that a head has,
// and reports whether it is one.
func (c *conn) secure() bool {
	secured := tls.Server(c.net, c.server.TLS)
	_ = secured.SetDeadline(time.Now().Add(c.server.HeaderTimeout))
	if err := secured.Handshake(); err != nil {
		refusePlain(err)
		return false
	}
	_ = secured.SetDeadline(time.Time{})
	c.net = secured
	return true
}

// refusePlain answers a caller that speaks HTTP without TLS as net/http does.
func refusePlain(err error) {
	var other tls.RecordHeaderError
	if !errors.As(err, &other) || other.Conn == nil {
		return
	}
	switch first := other.RecordHeader[:]; {
	case bytes.HasPrefix(first, []byte("POST ")), bytes.HasPrefix(first, []byte("GET /")):
		_, _ = io.WriteString(other.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
	}
}
