package loadbalancer

import (
	"context"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/internal/exchange"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/admission"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	// pooled is the size of buffers that are used again.
	pooled = 16 << 10
)

// flag is the setting that limits a body.
func flag(of admission.Class) string {
	if of == admission.InitBody {
		return "--max-init-body"
	}
	return "--max-run-body"
}

var buffers = sync.Pool{New: func() any { return new([pooled]byte) }}

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
func (b *Balancer) read(c *call, of admission.Class, limit int64, patience time.Duration) (in body, err error) {
	most, size := endpoint.BodyLimit{Bytes: limit, Flag: flag(of)}, c.ContentLength
	if err := c.CheckSize(most); err != nil {
		return in, err
	}
	if in.free, err = b.reserve(c, of, size, limit, patience); err != nil {
		return in, err
	}
	var buf []byte
	if 0 <= size && size <= pooled {
		in.small = buffers.Get().(*[pooled]byte)
		buf = in.small[:size]
	}
	if in.bytes, err = c.Read(most, buf); err != nil {
		in.Release()
	} else if size < 0 {
		in.fit(b.memory, c.Tenant, of, limit)
	}
	return in, err
}

// reserve waits until a large body fits into the memory set aside for them; one
// that does not say its size may have any.
func (b *Balancer) reserve(c *call, of admission.Class, size, limit int64, patience time.Duration) (free func(), err error) {
	if 0 <= size && size <= of.Small() {
		return nil, nil
	}
	if size < 0 {
		size = limit
	}
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	if err := b.memory.Acquire(ctx, c.Tenant, of, size); err != nil {
		if c.Context().Err() != nil {
			return nil, exchange.ErrLeft
		}
		return nil, b.countSaturated(refusal.New(runtimespec.Saturated, "the bodies of other requests leave no memory for this one: --body-memory"))
	}
	return func() { b.memory.Release(c.Tenant, of, size) }, nil
}

// fit keeps only as much memory reserved as a body needs that did not say its
// size before.
func (r *body) fit(from *admission.Memory, tenant string, of admission.Class, reserved int64) {
	size := int64(len(r.bytes))
	from.Shrink(tenant, of, reserved-size)
	r.free = func() { from.Release(tenant, of, size) }
}
