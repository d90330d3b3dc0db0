package sentinel

import (
	"sync"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Bounds on the logs that are kept until they are complete: of one activation,
// and of all together. Beyond them a log is written live, and other logs may
// come in between.
const (
	maxHeld    = 1 << 20
	maxHeldAll = 16 << 20
)

// held is the log of an activation that runs beside others.
type held struct {
	streams *Streams

	mu       sync.Mutex // guards what follows
	out, err []byte
	live     bool // the log was too large to keep, or is complete
}

// Log keeps text, unless the log is too large.
func (h *held) Log(which runtimespec.Stream, text []byte) {
	if len(text) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.live && !h.reserve(len(text)) {
		h.goLive()
	}
	switch {
	case h.live:
		h.streams.Log(which, text)
	case which == runtimespec.Stdout:
		h.out = append(h.out, text...)
	default:
		h.err = append(h.err, text...)
	}
}

// reserve counts n more bytes if they may be kept. The caller holds mu.
func (h *held) reserve(n int) bool {
	if len(h.out)+len(h.err)+n > maxHeld {
		return false
	}
	if h.streams.held.Add(int64(n)) > maxHeldAll {
		h.streams.held.Add(-int64(n))
		return false
	}
	return true
}

// goLive writes what was kept. The caller holds mu.
func (h *held) goLive() {
	h.streams.out.flush(h.out)
	h.streams.err.flush(h.err)
	h.free()
}

// free drops what was kept. Later text is written live, because no later call
// would write it. The caller holds mu.
func (h *held) free() {
	h.live = true
	h.streams.held.Add(-int64(len(h.out) + len(h.err)))
	h.out, h.err = nil, nil
}

// Complain adds a line to stderr's part.
func (h *held) Complain(message string) { h.Log(runtimespec.Stderr, []byte(message+"\n")) }

// Flush writes the log, on each stream in one write. It is idempotent.
func (h *held) Flush() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.goLive()
}

// End writes the log with its sentinel, on each stream in one write.
func (h *held) End() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams.out.end(h.out)
	h.streams.err.end(h.err)
	h.free()
}
