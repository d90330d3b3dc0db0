package initload

import (
	"sync"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// maxUnclaimed bounds what an init writes before its log has an owner. The rest of it
// is lost.
const maxUnclaimed = 1 << 20

// Log is what an init has written so far and its owner was not told yet.
type Log struct {
	more chan struct{} // there is some

	mu     sync.Mutex // guards what follows
	server string     // incarnation of the writer
	frames []byte
	limit  int // of frames, in bytes
}

func newLog() *Log { return &Log{more: make(chan struct{}, 1), limit: maxUnclaimed} }

// by notes which incarnation answers; before it nothing is written.
func (l *Log) by(server string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.server = server
}

// follow says that the owner takes what comes, as soon as it can be sent.
func (l *Log) follow() { l.restrict(maxAnswer) }

// discard says that the owner does not want it.
func (l *Log) discard() { l.restrict(0) }

func (l *Log) restrict(limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit = limit; limit == 0 {
		l.frames = nil
	}
}

func (l *Log) add(stream runtimespec.Stream, text []byte) {
	l.mu.Lock()
	if len(l.frames)+len(text) <= l.limit {
		l.frames = runtimespec.AppendLog(l.frames, stream, text)
	}
	l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// Take returns what is new since the last time.
func (l *Log) Take() (server string, frames []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	frames, l.frames = l.frames, nil
	return l.server, frames
}
