package loadbalancer

import (
	"sync"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// written is what an init has written so far and nobody was told yet. There is
// no more of it than an answer may have: maxLogs.
type written struct {
	more chan struct{} // there is some

	mu     sync.Mutex // guards what follows, never held across I/O
	server string     // incarnation of who writes
	frames []byte
}

func newWritten() *written { return &written{more: make(chan struct{}, 1)} }

// by notes who answers; before it nothing is written.
func (w *written) by(server string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = server
}

func (w *written) add(stream runtimespec.Stream, text []byte) {
	w.mu.Lock()
	w.frames = runtimespec.AppendLog(w.frames, stream, text)
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
