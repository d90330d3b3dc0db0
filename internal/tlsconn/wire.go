package tlsconn

import (
	"net"
	"sync"
	"sync/atomic"
)

// gather is how many bytes are gathered before they are written; one record may
// come on top.
const gather = 64 << 10

var buffers = sync.Pool{New: func() any {
	buf := make([]byte, 0, gather+oneRecord+1<<10)
	return &buf
}}

// wire gathers what is written while it is held.
type wire struct {
	net.Conn
	held atomic.Int32 // number of writes that hold it

	mu     sync.Mutex // guards what follows
	buf    *[]byte    // nil: nothing is gathered
	failed error      // of a write: the other side cannot read later records
	sent   int64      // bytes
}

func (w *wire) hold() { w.held.Add(1) }

// release writes what was gathered.
func (w *wire) release() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held.Load() == 1 {
		w.flush()
	}
	w.held.Add(-1) // not before: Close asks whether a write is under way
	return w.failed
}

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil && w.held.Load() > 0 {
		w.add(p)
	} else {
		w.send(p)
	}
	if w.failed != nil {
		return 0, w.failed
	}
	return len(p), nil
}

func (w *wire) add(p []byte) {
	if w.buf == nil {
		w.buf = buffers.Get().(*[]byte)
	}
	if *w.buf = append(*w.buf, p...); len(*w.buf) >= gather {
		w.flush()
	}
}

// flush writes what was gathered; mu is held.
func (w *wire) flush() {
	if w.buf == nil {
		return
	}
	w.send(*w.buf)
	*w.buf = (*w.buf)[:0]
	buffers.Put(w.buf)
	w.buf = nil
}

// send writes, unless a write has failed; mu is held.
func (w *wire) send(p []byte) {
	if w.failed == nil {
		var n int
		n, w.failed = w.Conn.Write(p)
		w.sent += int64(n)
	}
}
