// Package spool keeps an init's body for as long as the container lives. A
// small body stays in memory. A large one moves to a file that has no name,
// because the container has little memory.
package spool

import (
	"bytes"
	"io"
	"os"
	"sync"

	"github.com/whiskaway/whiskaway/internal/upstream"
)

// fileFrom is the size from which a body is kept in a file, in bytes: the
// container has the smallest memory that the platform gives.
const fileFrom = 1 << 20

// Body is a body, in parts until it is in a file.
type Body struct {
	size int64

	mu      sync.Mutex // guards what follows
	parts   [][]byte   // nil once they are in file
	file    *os.File   // already removed from its folder
	dropped bool
}

// New returns a body that consists of parts, which must not change.
func New(parts ...[]byte) *Body {
	b := &Body{parts: parts}
	for _, part := range parts {
		b.size += int64(len(part))
	}
	return b
}

// AttachTo makes b the body of a request.
func (b *Body) AttachTo(r *upstream.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	file, parts := b.file, b.parts
	switch {
	case file != nil:
		r.Size, r.Open = b.size, func() (io.Reader, error) { return io.NewSectionReader(file, 0, b.size), nil }
	case len(parts) == 1:
		r.Body = parts[0]
	default:
		r.Size, r.Open = b.size, func() (io.Reader, error) {
			all := make([]io.Reader, len(parts))
			for i, part := range parts {
				all[i] = bytes.NewReader(part)
			}
			return io.MultiReader(all...), nil
		}
	}
}

// Spill moves a large body into a file in dir. It stays in memory where that
// fails. Spill may run beside all other methods, so that the first run need not
// wait for it.
func (b *Body) Spill(dir string) {
	if b.size < fileFrom {
		return
	}
	file, err := os.CreateTemp(dir, "whiskaway-init-*")
	if err != nil {
		return
	}
	_ = os.Remove(file.Name())
	b.mu.Lock()
	parts := b.parts
	b.mu.Unlock()
	for _, part := range parts {
		if _, err := file.Write(part); err != nil {
			_ = file.Close()
			return
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dropped {
		_ = file.Close()
		return
	}
	b.file, b.parts = file, nil
}

// Drop releases the body.
func (b *Body) Drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts, b.dropped = nil, true
	if b.file != nil {
		_ = b.file.Close()
	}
}
