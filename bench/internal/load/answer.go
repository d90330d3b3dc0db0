package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

const (
	maxHead = 64 << 10 // bytes; more is an error
	maxBody = 64 << 20
)

// Answer is what came back. Its memory belongs to the connection.
type Answer struct {
	Status int
	Body   []byte
	head   []byte // header lines as they came
	last   bool   // the other end closes the connection
}

// Header returns the first header of that name, empty if there is none.
func (a *Answer) Header(name string) string {
	for line := range bytes.Lines(a.head) {
		if n, value := header(line); is(n, name) {
			return string(value)
		}
	}
	return ""
}

// framing says where an answer ends.
type framing struct {
	length  int64 // -1: not said
	chunked bool
}

func (a *Answer) read(from *bufio.Reader) error {
	a.Body = a.Body[:0]
	for {
		f, err := a.readHead(from)
		if err != nil {
			return err
		}
		switch {
		case a.Status >= 100 && a.Status < 200: // an interim answer; the final one follows
		case a.Status == 204 || a.Status == 304:
			return nil
		case f.chunked:
			return a.readChunks(from)
		case f.length >= 0:
			return a.grow(from, f.length)
		default:
			a.last = true
			return a.readRest(from)
		}
	}
}

func (a *Answer) readHead(from *bufio.Reader) (framing, error) {
	f := framing{length: -1}
	line, err := from.ReadSlice('\n')
	if err != nil {
		if err == io.EOF {
			err = errors.New("the connection was closed without an answer")
		}
		return f, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return f, fmt.Errorf("no HTTP answer: %.60q", line)
	}
	if a.Status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return f, fmt.Errorf("no HTTP answer: %.60q", line)
	}
	a.last, a.head = line[7] == '0', a.head[:0]
	for {
		if line, err = from.ReadSlice('\n'); err != nil {
			return f, broken(err)
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			return f, nil
		}
		if len(a.head)+len(line) > maxHead {
			return f, errors.New("the answer's head is too long")
		}
		a.head = append(append(a.head, line...), '\n')
		if err := a.note(line, &f); err != nil {
			return f, err
		}
	}
}

// note remembers a header that concerns the connection.
func (a *Answer) note(line []byte, f *framing) error {
	name, value := header(line)
	switch {
	case is(name, "Content-Length"):
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 || n > maxBody || f.length >= 0 && f.length != n {
			return fmt.Errorf("the answer has the Content-Length %.60q", value)
		}
		f.length = n
	case is(name, "Transfer-Encoding"):
		if !is(value, "chunked") {
			return fmt.Errorf("the answer has the Transfer-Encoding %.60q", value)
		}
		f.chunked = true
	case is(name, "Connection"):
		a.last = a.last && !is(value, "keep-alive") || is(value, "close")
	}
	return nil
}

func is(a []byte, b string) bool { return len(a) == len(b) && bytes.EqualFold(a, []byte(b)) }

// header returns a line's name and value.
func header(line []byte) (name, value []byte) {
	name, value, _ = bytes.Cut(line, []byte{':'})
	return name, bytes.TrimSpace(value)
}

// broken is an error in the middle of an answer.
func broken(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("the connection was closed in the middle of the answer")
	}
	return err
}
