// Package tlsconn is crypto/tls's connection with fewer system calls for large
// writes. crypto/tls writes each record, of at most 16 KiB, with a system call
// of its own; here the records of one write are sent together.
package tlsconn

import (
	"crypto/tls"
	"net"
)

// Conn is a TLS connection.
type Conn struct {
	*tls.Conn
	wire *wire
}

// Server returns the server's side of a connection.
func Server(raw net.Conn, config *tls.Config) *Conn {
	w := &wire{Conn: raw}
	return &Conn{tls.Server(w, config), w}
}

// Client returns the client's side of a connection.
func Client(raw net.Conn, config *tls.Config) *Conn {
	w := &wire{Conn: raw}
	return &Conn{tls.Client(w, config), w}
}

// oneRecord is the largest payload of a record, in bytes.
const oneRecord = 16 << 10

// Write writes all of p, or fails.
func (c *Conn) Write(p []byte) (int, error) {
	if len(p) <= oneRecord {
		return c.Conn.Write(p)
	}
	n, err := c.writeAll(p)
	return int(n), err
}

// Sent returns how many bytes were sent, those of the handshake included.
func (c *Conn) Sent() int64 {
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	return c.wire.sent
}

// WriteAll writes one part after another with as few system calls as can be.
func WriteAll(to net.Conn, parts ...[]byte) (int64, error) {
	if secured, ok := to.(*Conn); ok {
		return secured.writeAll(parts...)
	}
	all := net.Buffers(parts)
	return all.WriteTo(to)
}

func (c *Conn) writeAll(parts ...[]byte) (n int64, err error) {
	c.wire.hold()
	for _, p := range parts {
		var wrote int
		wrote, err = c.Conn.Write(p)
		if n += int64(wrote); err != nil {
			break
		}
	}
	if failed := c.wire.release(); err == nil {
		err = failed
	}
	return n, err
}

// Close closes the connection. While a write is running, which may wait for
// ever, it does not send an alert, and neither does crypto/tls.
func (c *Conn) Close() error {
	if c.wire.held.Load() > 0 {
		return c.wire.Close()
	}
	return c.Conn.Close()
}
