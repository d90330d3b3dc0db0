package servermode

import (
	"fmt"
	"sync"

	"github.com/whiskaway/whiskaway/internal/sentinel"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// plainLog passes an activation's log on to the server's streams. Log never
// waits for them: a pipe that nobody reads must hold up the answer at most, not
// what watches over the process.
type plainLog struct {
	stages
	to  sentinel.Activation
	max int

	mu      sync.Mutex // guards what follows, never held across a write
	pending []logged
	total   int
	idle    chan struct{} // closed when all is written; nil: it is
}

type logged struct {
	stream runtimespec.Stream
	text   []byte
}

// Log takes what the function wrote. Beyond the limit it is dropped, with one
// line to say so.
func (l *plainLog) Log(stream runtimespec.Stream, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.max - l.total
	if left < 0 {
		return
	}
	l.total += len(text)
	if len(text) > left {
		text = append(text[:left:left], fmt.Sprintf(truncated, l.max)...)
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
func (l *plainLog) write() {
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

// complain tells the author what was wrong with an init.
func (l *plainLog) complain(err error) { l.to.Complain(string(asRefusal(err).Body())) }

// end writes the sentinels, after all that was logged.
func (l *plainLog) end() {
	l.drain()
	l.to.End()
}

// flush is the end of a log that gets no sentinels: after it, all is written.
func (l *plainLog) flush() {
	l.drain()
	l.to.Flush()
}

// drain waits until nothing is pending.
func (l *plainLog) drain() {
	l.mu.Lock()
	idle := l.idle
	l.mu.Unlock()
	if idle != nil {
		<-idle
	}
}
