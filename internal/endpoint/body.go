package endpoint

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// uploadTime bounds how long a caller may take to send a body.
const uploadTime = 2 * time.Minute

// BodyLimit is how many bytes a request's body may have, and the operator's
// setting that says so.
type BodyLimit struct {
	Bytes int64
	Flag  string
}

// CheckSize refuses a body whose declared size is too large, before any of it
// is read.
func (c *Call) CheckSize(limit BodyLimit) error {
	if c.ContentLength > limit.Bytes {
		return c.tooLarge(limit)
	}
	return nil
}

// tooLarge returns the refusal of a large body. It tells the caller what to
// change.
func (c *Call) tooLarge(limit BodyLimit) error {
	what := "the request's body"
	if c.ContentLength >= 0 {
		what = fmt.Sprintf("the request's body of %d bytes", c.ContentLength)
	}
	return refusal.New(runtimespec.TooLarge, "%s is larger than this %s takes: its owner's limit is %d bytes (%s)", what, c.endpoint.Service, limit.Bytes, limit.Flag)
}

// Read reads a whole body, in time and within limit. It reads into buf if the
// body declares exactly buf's length, and else into its own memory, with room
// for one more byte.
func (c *Call) Read(limit BodyLimit, buf []byte) ([]byte, error) {
	if err := c.CheckSize(limit); err != nil {
		return nil, err
	}
	control := http.NewResponseController(c.W)
	_ = control.SetReadDeadline(time.Now().Add(uploadTime))
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	if c.ContentLength < 0 {
		out, err := io.ReadAll(http.MaxBytesReader(c.W, c.Body, limit.Bytes))
		if errors.As(err, new(*http.MaxBytesError)) {
			return nil, c.tooLarge(limit)
		}
		return out, readFailed(err)
	}
	if int64(len(buf)) != c.ContentLength {
		buf = make([]byte, c.ContentLength, c.ContentLength+1)
	}
	_, err := io.ReadFull(c.Body, buf)
	return buf, readFailed(err)
}

func readFailed(err error) error {
	if err != nil {
		return fmt.Errorf("%w: reading the body: %w", runtimespec.ErrMalformed, err)
	}
	return nil
}
