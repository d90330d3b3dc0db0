package loadbalancer

import (
	"sync"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// maxUntaken bounds what an init writes of which nobody is told yet. The rest of
// it is lost.
const maxUntaken = 1 << 20

// written is what an init has written so far and nobody was told yet.
type written struct {
	more chan struct{} // there is some

	mu     sync.Mutex // guards what follows, never held across I/O
	server string     // incarnation of who writes
	frames []byte
	limit  int // of frames, in bytes
}

func newWritten() *written { return &written{more: make(chan struct{}, 1), limit: maxUntaken} }

// by notes who answers; before it nothing is written.
func (w *written) by(server string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = server
}

// follow says that somebody takes what comes, as soon as it can be sent.
func (w *written) follow() { w.restrict(maxLogs) }

// drop says that nobody does.
func (w *written) drop() { w.restrict(0) }

func (w *written) restrict(limit int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.limit = limit; limit == 0 {
		w.frames = nil
	}
}

func (w *written) add(stream runtimespec.Stream, text []byte) {
	w.mu.Lock()
	if len(w.frames)+len(text) <= w.limit {
		w.frames = runtimespec.AppendLog(w.frames, stream, text)
	}
	w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// take returns what is new since the last time.
func (w *written) take() (server string, frames []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	frames, w.frames = w.frames, nil
	return w.server, frames
}
