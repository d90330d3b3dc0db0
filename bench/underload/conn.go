package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// maxResult is more than any of our actions answers, in bytes.
const maxResult = 1 << 20

// errNotSent means that nobody has seen the request.
var errNotSent = errors.New("not sent")

// conn is one caller's connection, kept open from one request to the next.
type conn struct {
	address string
	wire    net.Conn
	read    *bufio.Reader
}

// answer is what came back.
type answer struct {
	status int
	reason runtimespec.Reason
	result []byte
}

// do sends a request and reads its answer. After an error the next request goes
// over a new connection.
func (c *conn) do(request []byte) (a answer, err error) {
	if c.wire == nil {
		if c.wire, err = net.Dial("tcp", c.address); err != nil {
			c.wire = nil
			return a, fmt.Errorf("%w: %w", errNotSent, err)
		}
		c.read = bufio.NewReader(c.wire)
	}
	_ = c.wire.SetDeadline(time.Now().Add(2 * time.Minute))
	if _, err = c.wire.Write(request); err == nil {
		a, err = readAnswer(c.read)
	}
	if err != nil {
		c.close()
	}
	return a, err
}

func (c *conn) close() {
	if c.wire != nil {
		_ = c.wire.Close()
		c.wire = nil
	}
}

func readAnswer(from *bufio.Reader) (a answer, err error) {
	resp, err := http.ReadResponse(from, nil)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	a.status, a.reason = resp.StatusCode, runtimespec.Reason(resp.Header.Get(runtimespec.HeaderReason))
	if resp.Header.Get("Content-Type") != runtimespec.MediaFrames {
		a.result, err = io.ReadAll(resp.Body)
		return a, err
	}
	for frames := runtimespec.NewFrameReader(resp.Body, maxResult); ; {
		frame, err := frames.Next()
		switch {
		case err == io.EOF:
			return a, nil
		case err != nil:
			return a, err
		case frame.Stream == runtimespec.Cause:
			a.reason = runtimespec.Reason(frame.Payload)
		case frame.Stream == runtimespec.Result:
			a.status, a.result = frame.Status, frame.Payload
		}
	}
}

// must is do where anything but success is the end of the measurement.
func (c *conn) must(request []byte) (answer, error) {
	a, err := c.do(request)
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("answer %d %s: %.300s", a.status, a.reason, a.result)
	}
	return a, err
}
