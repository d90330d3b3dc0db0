package plain

import (
	"sync"

	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
)

// log passes an activation's log on to the server's streams. Log never waits for
// them: a stream that is not read may hold up the answer, but not the reader of the
// process's output.
type log struct {
	invoke.Stages
	to sentinel.Activation

	mu      sync.Mutex // guards what follows, never held across a write
	pending []logged
	budget  invoke.LogBudget
	idle    chan struct{} // closed when all is written; nil: it is
}

type logged struct {
	stream runtimespec.Stream
	text   []byte
}

// Log takes what the function wrote.
func (l *log) Log(stream runtimespec.Stream, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text = l.budget.Take(text); len(text) == 0 {
		return
	}
	if n := len(l.pending); n > 0 && l.pending[n-1].stream == stream {
		l.pending[n-1].text = append(l.pending[n-1].text, text...)
	} else {
		l.pending = append(l.pending, logged{stream, append([]byte(nil), text...)})
	}
	if l.idle == nil {
		l.idle = make(chan struct{})
		go l.write()
	}
}

// write writes until nothing is pending.
func (l *log) write() {
	for {
		l.mu.Lock()
		pending := l.pending
		l.pending = nil
		if len(pending) == 0 {
			close(l.idle)
			l.idle = nil
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		for _, entry := range pending {
			l.to.Log(entry.stream, entry.text)
		}
	}
}

// complain writes for the author why an init failed.
func (l *log) complain(err error) { l.to.Complain(string(outcome.Refusal(err).Body())) }

// end writes the sentinels, after everything that was logged.
func (l *log) end() {
	l.drain()
	l.to.End()
}

// flush ends a log that gets no sentinels. It returns when everything is written.
func (l *log) flush() {
	l.drain()
	l.to.Flush()
}

// drain waits until nothing is pending.
func (l *log) drain() {
	l.mu.Lock()
	idle := l.idle
	l.mu.Unlock()
	if idle != nil {
		<-idle
	}
}
