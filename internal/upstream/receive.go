package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxHead bounds the head of an answer together with any interim answers.
const maxHead = 64 << 10

// Errors of an answer that every request would get again: the server speaks
// another protocol.
var (
	ErrNoHTTP    = errors.New("the answer is no HTTP/1.1")
	ErrSpeaksTLS = fmt.Errorf("%w but TLS: its URL begins with https://", ErrNoHTTP)
)

var (
	errHeadSize = fmt.Errorf("%w: its head is larger than %d bytes", ErrNoHTTP, maxHead)
	errNoAnswer = fmt.Errorf("the connection was closed before the answer came: %w", io.ErrUnexpectedEOF)
)

// framing is what a head says about its body and its connection.
type framing struct {
	length  int64 // negative: not given
	chunked bool
	last    bool
	err     error
}

// receive reads the head of the answer. It skips interim answers.
func (c *conn) receive() (*Response, error) {
	if err := c.begins(); err != nil {
		return nil, err
	}
	c.head = c.head[:0]
	for { // one bound for this head and interim ones
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		status, last, ok := statusOf(line)
		if !ok {
			return nil, fmt.Errorf("%w: %.60q", ErrNoHTTP, line)
		}
		from := len(c.head)
		f, err := c.fields()
		if err != nil {
			return nil, err
		}
		if status == 400 && last && c.refusedPlain(c.head[from:]) {
			return nil, ErrSpeaksTLS
		}
		if f.chunked && last {
			return nil, fmt.Errorf("%w: chunks in an answer of HTTP/1.0", ErrNoHTTP)
		}
		if status >= 200 || status == 101 {
			return c.response(status, Head(c.head[from:]), last, f), nil
		}
	}
}

// begins checks an answer's first bytes. Another protocol may never end a line,
// so it is detected before a line is awaited.
func (c *conn) begins() error {
	const want = "HTTP/1."
	if _, err := c.in.Peek(1); err == io.EOF {
		return errNoAnswer
	} else if err != nil {
		return err
	}
	first, _ := c.in.Peek(min(c.in.Buffered(), len(want)))
	switch {
	case bytes.HasPrefix([]byte(want), first):
		return nil
	case len(first) > 1 && (first[0] == 0x15 || first[0] == 0x16) && first[1] == 3: // an alert or a handshake
		return ErrSpeaksTLS
	}
	return fmt.Errorf("%w: it begins with %q", ErrNoHTTP, first)
}

func (c *conn) response(status int, head Head, last bool, f framing) *Response {
	r := &Response{Status: status, Head: head, Size: f.length, conn: c, left: f.length, last: last || f.last}
	switch {
	case status == 101:
		r.Size, r.left, r.last = 0, 0, true
	case status == 204 || status == 304:
		r.Size, r.left = 0, 0
	case f.chunked:
		r.last = r.last || f.length >= 0 // ambiguous: the connection is not reused
		r.Size, r.left, r.body = -1, -1, newChunked(c.in)
	case f.length < 0:
		r.last = true
	}
	return r
}

// line reads one line into head and returns it.
func (c *conn) line() ([]byte, error) {
	start := len(c.head)
	for {
		part, err := c.in.ReadSlice('\n')
		if c.head = append(c.head, part...); len(c.head) > maxHead {
			return nil, errHeadSize
		}
		switch {
		case err == nil:
			return c.head[start:], nil
		case err == io.EOF:
			return nil, errNoAnswer
		case err != bufio.ErrBufferFull:
			return nil, err
		}
	}
}

// content returns a line without its end.
func content(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}

// plain reports whether a field's value has no control characters, at which
// another reader may end the line.
func plain(value []byte) bool {
	for _, b := range value {
		if b < ' ' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}

// statusOf reads a status line; last reports that the connection cannot be
// kept.
func statusOf(line []byte) (status int, last, ok bool) {
	rest, ok := bytes.CutPrefix(content(line), []byte("HTTP/1."))
	if !ok || len(rest) < len("1 200") || rest[0] != '0' && rest[0] != '1' || rest[1] != ' ' || len(rest) > 5 && rest[5] != ' ' {
		return 0, false, false
	}
	for _, digit := range rest[2:5] {
		if digit < '0' || digit > '9' {
			return 0, false, false
		}
		status = 10*status + int(digit-'0')
	}
	return status, rest[0] == '0', status >= 100
}

// fields reads the lines of a head to its end.
func (c *conn) fields() (f framing, err error) {
	f.length = -1
	for {
		line, err := c.line()
		if err != nil {
			return f, err
		}
		text := content(line)
		if len(text) == 0 {
			return f, f.err
		}
		name, value, ok := field(text)
		if !ok || !plain(value) {
			return f, fmt.Errorf("%w: header line %.60q", ErrNoHTTP, line)
		}
		f.note(name, value)
		if f.err != nil {
			return f, f.err
		}
	}
}

func (f *framing) note(name, value []byte) {
	switch {
	case is(name, "Content-Length"):
		n, err := strconv.ParseUint(string(value), 10, 63)
		if err != nil || f.length >= 0 && f.length != int64(n) {
			f.err = fmt.Errorf("%w: Content-Length %.40q", ErrNoHTTP, value)
			return
		}
		f.length = int64(n)
	case is(name, "Transfer-Encoding"):
		if f.chunked || !strings.EqualFold(string(value), "chunked") {
			f.err = fmt.Errorf("%w: Transfer-Encoding %.40q", ErrNoHTTP, value)
		}
		f.chunked = true
	case is(name, "Connection"):
		for token := range strings.SplitSeq(string(value), ",") {
			f.last = f.last || strings.EqualFold(strings.TrimSpace(token), "close")
		}
	}
}
