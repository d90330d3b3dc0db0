package httpserver

import (
	"crypto/tls"
	"errors"
	"io"
	"time"

	"github.com/whiskaway/whiskaway/internal/tlsconn"
)

// lastHandshake is how long a closing server waits for a handshake: a request
// may follow it.
const lastHandshake = 5 * time.Second

// secure does the handshake of a TLS connection, within the time for a head,
// and reports whether it succeeded.
func (c *conn) secure(secured *tlsconn.Conn) bool {
	c.setHandshake(true)
	defer c.setHandshake(false)
	err := secured.Handshake()
	if err != nil {
		refusePlain(err)
	}
	return err == nil
}

// setHandshake marks the start or the end of a handshake.
func (c *conn) setHandshake(underWay bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handshake = underWay
	switch {
	case !underWay:
		_ = c.net.SetDeadline(time.Time{})
	case c.server.closing.Load():
		_ = c.net.SetDeadline(time.Now().Add(lastHandshake))
	default:
		_ = c.net.SetDeadline(time.Now().Add(c.server.HeaderTimeout))
	}
}

// refusePlain answers a caller that speaks HTTP without TLS as net/http does.
func refusePlain(err error) {
	var other tls.RecordHeaderError
	if !errors.As(err, &other) || other.Conn == nil {
		return
	}
	switch string(other.RecordHeader[:]) {
	case "POST ", "GET /", "HEAD ", "PUT /", "OPTIO":
		_, _ = io.WriteString(other.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
	}
}
