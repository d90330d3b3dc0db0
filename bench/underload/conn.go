package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/load"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	// maxResult is more than any of our actions answers, in bytes.
	maxResult = 1 << 20
	// answerLimit is how long a request may take.
	answerLimit = 2 * time.Minute
)

// conn is one caller's connection, kept open from one request to the next.
type conn struct{ *load.Conn }

func newConn(address string) *conn { return &conn{load.NewConn(address)} }

// answer is what came back.
type answer struct {
	status int
	reason runtimespec.Reason
	result []byte
}

// do sends a request and reads its answer. After an error the next request goes
// over a new connection.
func (c *conn) do(request []byte) (answer, error) {
	got, err := c.Do(request, nil, answerLimit)
	if err != nil {
		return answer{}, err
	}
	return newAnswer(got)
}

// newAnswer takes the result out of its frames, if it has frames.
func newAnswer(got *load.Answer) (a answer, err error) {
	a.status, a.reason = got.Status, runtimespec.Reason(got.Header(runtimespec.HeaderReason))
	if got.Header("Content-Type") != runtimespec.MediaFrames {
		a.result = bytes.Clone(got.Body)
		return a, nil
	}
	for frames := runtimespec.NewFrameReader(bytes.NewReader(got.Body), maxResult); ; {
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

// must is do for a request whose failure ends the measurement.
func (c *conn) must(request []byte) (answer, error) {
	a, err := c.do(request)
	if err == nil {
		err = a.good()
	}
	return a, err
}

// good returns what is wrong with an answer that is not 200.
func (a answer) good() error {
	if a.status != http.StatusOK {
		return fmt.Errorf("answer %d %s: %.300s", a.status, a.reason, a.result)
	}
	return nil
}
