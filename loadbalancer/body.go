package loadbalancer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	// uploadTime is how long a caller may take to send a body.
	uploadTime = 2 * time.Minute
	// smallBody need not wait for memory.
	smallBody = 1 << 20
	// pooled is the size of buffers that are used again.
	pooled = 16 << 10
)

var buffers = sync.Pool{New: func() any { return new([pooled]byte) }}

// body is a request's body, whole.
type body struct {
	bytes []byte
	small *[pooled]byte // they are in it
	free  func()        // gives reserved memory back; nil: none is reserved
}

// release ends the use of the bytes.
func (r *body) release() {
	if r.small != nil {
		buffers.Put(r.small)
	}
	if r.free != nil {
		r.free()
	}
	*r = body{}
}

// read reads a body whole, in time and within limit.
func (b *Balancer) read(c *call, limit int64) (in body, err error) {
	size := c.ContentLength
	if size > limit {
		return in, &http.MaxBytesError{Limit: limit}
	}
	if in.free, err = b.reserve(c.Context(), size, limit); err != nil {
		return in, err
	}
	switch {
	case size < 0:
	case size <= pooled:
		in.small = buffers.Get().(*[pooled]byte)
		in.bytes = in.small[:size]
	default:
		in.bytes = make([]byte, size)
	}
	control := http.NewResponseController(c.w)
	_ = control.SetReadDeadline(time.Now().Add(uploadTime))
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	if size < 0 {
		in.bytes, err = io.ReadAll(http.MaxBytesReader(c.w, c.Body, limit))
	} else {
		_, err = io.ReadFull(c.Body, in.bytes)
	}
	if err != nil {
		in.release()
		return in, fmt.Errorf("%w: reading the body: %w", runtimespec.ErrMalformed, err)
	}
	return in, nil
}

// reserve waits until a large body fits into the memory set aside for them.
func (b *Balancer) reserve(ctx context.Context, size, limit int64) (free func(), err error) {
	if 0 <= size && size <= smallBody {
		return nil, nil
	}
	if size < 0 {
		size = limit
	}
	if err := b.uploads.Acquire(ctx, size); err != nil {
		return nil, errLeft
	}
	return func() { b.uploads.Release(size) }, nil
}
