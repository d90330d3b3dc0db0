package clientmode

import (
	"bytes"
	"io"
	"os"
	"sync"

	"github.com/whiskaway/whiskaway/internal/hop"
)

// spoolFrom is the size from which an init is kept in a file: the container's
// memory is the platform's smallest.
const spoolFrom = 1 << 20

// kept is an init's body, kept for as long as the container lives.
type kept struct {
	size int64

	mu      sync.Mutex // guards what follows
	parts   [][]byte   // nil when they are in file
	file    *os.File   // has no name any more
	dropped bool
}

func keep(parts ...[]byte) *kept {
	k := &kept{parts: parts}
	for _, part := range parts {
		k.size += int64(len(part))
	}
	return k
}

// fill makes it the body of a request.
func (k *kept) fill(r *hop.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	file, parts := k.file, k.parts
	switch {
	case file != nil:
		r.Size, r.Open = k.size, func() (io.Reader, error) { return io.NewSectionReader(file, 0, k.size), nil }
	case len(parts) == 1:
		r.Body = parts[0]
	default:
		r.Size, r.Open = k.size, func() (io.Reader, error) {
			all := make([]io.Reader, len(parts))
			for i, part := range parts {
				all[i] = bytes.NewReader(part)
			}
			return io.MultiReader(all...), nil
		}
	}
}

// setAside moves a large body into a file; where there is no room for one it
// stays in memory. Nobody waits for that: the platform's first run does not.
func (k *kept) setAside(dir string) {
	if k.size < spoolFrom {
		return
	}
	file, err := os.CreateTemp(dir, "whiskaway-init-*")
	if err != nil {
		return
	}
	_ = os.Remove(file.Name())
	for _, part := range k.parts { // changed by nobody else
		if _, err := file.Write(part); err != nil {
			_ = file.Close()
			return
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dropped {
		_ = file.Close()
		return
	}
	k.file, k.parts = file, nil
}

// drop gives the body up.
func (k *kept) drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.parts, k.dropped = nil, true
	if k.file != nil {
		_ = k.file.Close()
	}
}
