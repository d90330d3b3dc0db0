package loadbalancer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/exchange"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	// uploadTime is how long a caller may take to send a body.
	uploadTime = 2 * time.Minute
	// pooled is the size of buffers that are used again.
	pooled = 16 << 10
)

// class is what a body is of.
type class int

const (
	runBody class = iota
	initBody
)

// small is the size up to which a body need not wait for memory.
func (c class) small() int64 {
	if c == initBody {
		return 64 << 10
	}
	return 1 << 20
}

// flag is the setting that limits a body.
func (c class) flag() string {
	if c == initBody {
		return "max-init-body"
	}
	return "max-run-body"
}

var buffers = sync.Pool{New: func() any { return new([pooled]byte) }}

// tooLarge is a body that is larger than a setting allows.
type tooLarge struct {
	limit int64
	flag  string
}

func (e *tooLarge) Error() string {
	return fmt.Sprintf("the request is larger than %d bytes, the most that this balancer takes: --%s", e.limit, e.flag)
}

// body is a request's body, whole.
type body struct {
	bytes []byte
	small *[pooled]byte // they are in it
	free  func()        // gives reserved memory back; nil: none is reserved
}

// Release ends the use of the bytes. A second call does nothing.
func (r *body) Release() {
	if r.small != nil {
		buffers.Put(r.small)
	}
	if r.free != nil {
		r.free()
	}
	*r = body{}
}

// read reads a body whole, in time and within its limit. It waits no longer than
// patience for memory.
func (b *Balancer) read(c *call, of class, limit int64, patience time.Duration) (in body, err error) {
	size := c.ContentLength
	if size > limit {
		return in, &tooLarge{limit, of.flag()}
	}
	if in.free, err = b.reserve(c, of, size, limit, patience); err != nil {
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
	var over *http.MaxBytesError
	switch {
	case err == nil && size < 0:
		in.fit(b.memory, c.Tenant, of, limit)
		return in, nil
	case err == nil:
		return in, nil
	case errors.As(err, &over):
		err = &tooLarge{limit, of.flag()}
	default:
		err = fmt.Errorf("%w: reading the body: %w", runtimespec.ErrMalformed, err)
	}
	in.Release()
	return in, err
}

// reserve waits until a large body fits into the memory set aside for them; one
// that does not say its size may have any.
func (b *Balancer) reserve(c *call, of class, size, limit int64, patience time.Duration) (free func(), err error) {
	if 0 <= size && size <= of.small() {
		return nil, nil
	}
	if size < 0 {
		size = limit
	}
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	if err := b.memory.acquire(ctx, c.Tenant, of, size); err != nil {
		if c.Context().Err() != nil {
			return nil, exchange.ErrLeft
		}
		return nil, b.countSaturated(refusal(runtimespec.Saturated, "the bodies of other requests leave no memory for this one: --body-memory"))
	}
	return func() { b.memory.release(c.Tenant, of, size) }, nil
}

// fit keeps only as much memory reserved as a body needs that did not say its
// size before.
func (r *body) fit(from *memory, tenant string, of class, reserved int64) {
	size := int64(len(r.bytes))
	from.shrink(tenant, of, reserved-size)
	r.free = func() { from.release(tenant, of, size) }
}
