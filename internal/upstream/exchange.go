package upstream

import (
	"io"
	"strconv"

	"github.com/whiskaway/whiskaway/internal/tlsconn"
)

const (
	// oneWrite is the largest body that is copied behind its head, to be sent
	// with it. A larger one is sent by writev.
	oneWrite = 16 << 10
	// withReading is up to which size a body is written before its answer is
	// looked for: servers read so much even of what they refuse.
	withReading = 128 << 10
)

// exchange sends the request and reads the head of its answer. It writes a
// large body while it reads, because a server may refuse the body before its
// end. After an error the connection is closed; sent reports whether a byte may
// have been sent.
func (c *conn) exchange(p *Pool, r *Request) (resp *Response, sent bool, err error) {
	head, src, err := c.prepare(p, r)
	if err != nil {
		c.drop()
		return nil, false, err
	}
	write := func() (bool, error) {
		return c.counted(func() (int64, error) { return c.write(head, r.Body, src, r.Size) })
	}
	if r.size() > withReading {
		return c.meanwhile(write)
	}
	if sent, err = write(); err == nil {
		resp, err = c.receive()
	}
	if err != nil {
		c.drop()
	}
	return resp, sent, err
}

// meanwhile reads the head of the answer while write is running.
func (c *conn) meanwhile(write func() (bool, error)) (*Response, bool, error) {
	w := &writing{over: make(chan struct{})}
	c.writing = w
	go func() {
		defer close(w.over)
		if w.sent, w.failed = write(); ofSource(w.failed) {
			_ = c.net.Close() // no answer will come
		}
	}()
	resp, err := c.receive()
	if err == nil {
		return resp, true, nil
	}
	c.drop()
	if ofSource(w.failed) {
		err = w.failed
	}
	return nil, w.sent, err
}

// prepare builds the request's head and opens its body.
func (c *conn) prepare(p *Pool, r *Request) (head []byte, src io.Reader, err error) {
	method := "POST "
	if r.Get {
		method = "GET "
	}
	head = append(append(append(c.out[:0], method...), r.Path...), " HTTP/1.1\r\n"...)
	if head = append(head, p.fixed...); !r.Get {
		head = append(strconv.AppendInt(append(head, "Content-Length: "...), r.size(), 10), "\r\n"...)
	}
	if head, err = r.Header.appendTo(head); err != nil {
		return nil, nil, err
	}
	if head = append(head, "\r\n"...); cap(head) <= keepOut {
		c.out = head
	}
	if r.Open != nil {
		if src, err = r.Open(); err != nil {
			err = sourceError{err}
		}
	}
	return head, src, err
}

func (c *conn) write(head, body []byte, src io.Reader, size int64) (int64, error) {
	switch {
	case src != nil:
		n, err := c.net.Write(head)
		if err == nil {
			err = copyBody(c.net, src, size)
		}
		return int64(n), err
	case len(body) <= oneWrite:
		if head = append(head, body...); cap(head) <= keepOut {
			c.out = head
		}
		n, err := c.net.Write(head)
		return int64(n), err
	}
	return tlsconn.WriteAll(c.net, head, body)
}
