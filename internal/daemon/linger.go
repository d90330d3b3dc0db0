package daemon

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// Unwanted bounds how much is read of a body that its handler refused. If the
// connection were closed while its caller still sends, it would be reset and
// the answer lost on the way. The zero value of a field means its default.
type Unwanted struct {
	Bytes int64         // read and discarded [256 MiB]
	Time  time.Duration // in all, from the answer on [30s]
	Pause time.Duration // between two reads [5s]
}

// ending is how long a caller may go on sending an unwanted body after the
// service was told to stop.
const ending = 500 * time.Millisecond

func (u Unwanted) withDefaults() Unwanted {
	return Unwanted{
		Bytes: cmp.Or(u.Bytes, 256<<20),
		Time:  cmp.Or(u.Time, 30*time.Second),
		Pause: cmp.Or(u.Pause, 5*time.Second),
	}
}

// lingering reads the rest of each request's body after its answer was sent.
// The handler has returned by then, so it holds no memory and no slot.
type lingering struct {
	http.Handler
	Unwanted
	stopping context.Context // ends when the listener is told to stop
}

// ServeHTTP leaves the connection alone after a handler panicked: the answer is
// broken off on purpose.
func (l *lingering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 || r.Body == nil {
		l.Handler.ServeHTTP(w, r)
		return
	}
	// The body of our own server knows its end. A net/http request must stay
	// unchanged: net/http judges by it whether the connection can be reused.
	rest, knows := r.Body.(ender)
	if !knows {
		body := &knowing{ReadCloser: r.Body}
		copied := *r
		copied.Body = body
		r, rest = &copied, body
	}
	l.Handler.ServeHTTP(w, r)
	if !rest.Ended() {
		l.discard(http.NewResponseController(w), r.Body)
	}
}

// discard sends the answer and reads what is left of the body.
func (l *lingering) discard(control *http.ResponseController, rest io.Reader) {
	g := &goodbye{control: control, pause: l.Pause, end: time.Now().Add(l.Time)}
	defer g.over()
	defer context.AfterFunc(l.stopping, g.hurry)()
	g.wait() // also before the answer: net/http reads some of the body first
	if control.Flush() != nil {
		return
	}
	piece := make([]byte, 16<<10)
	for left := l.Bytes; left > 0; {
		if !g.wait() {
			return
		}
		n, err := rest.Read(piece)
		if err != nil {
			return
		}
		left -= int64(n)
	}
}

// goodbye sets the read deadlines of one connection whose body is unwanted.
type goodbye struct {
	pause time.Duration

	mu      sync.Mutex // guards what follows
	control *http.ResponseController
	end     time.Time
	ended   bool
}

// wait sets the deadline of the next read and reports whether time is left for
// one.
func (g *goodbye) wait() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	at := now.Add(g.pause)
	if at.After(g.end) {
		at = g.end
	}
	return g.control.SetReadDeadline(at) == nil && now.Before(g.end)
}

// hurry shortens the time that is left, because the service ends.
func (g *goodbye) hurry() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if soon := time.Now().Add(ending); !g.ended && soon.Before(g.end) {
		g.end = soon
		_ = g.control.SetReadDeadline(soon)
	}
}

// over returns the connection to its server, which sets its own deadlines.
func (g *goodbye) over() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
}

// ender is a body that knows whether it was read to its end or cannot be read
// any more. A body whose handler ran out of time can still be read.
type ender interface{ Ended() bool }

// knowing is a body that knows its end.
type knowing struct {
	io.ReadCloser
	ended bool
}

func (k *knowing) Ended() bool { return k.ended }

func (k *knowing) Read(p []byte) (int, error) {
	n, err := k.ReadCloser.Read(p)
	k.ended = k.ended || err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
	return n, err
}

// Close leaves closing to the server, which closes every body. net/http's Close
// would first read some of the body, however long that takes.
func (k *knowing) Close() error { return nil }
