package harness

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Way is a direction on a link.
type Way int

// Ways that bytes go.
const (
	Up   Way = iota // from the caller to the server
	Down            // from the server to the caller
)

// Link is the wire between a caller and a server, which a test can break.
type Link struct {
	URL      string
	to       string
	ln       net.Listener
	all      sync.WaitGroup
	breaking sync.WaitGroup // connections that are being broken

	mu     sync.Mutex // guards what follows
	ends   map[net.Conn]bool
	closed bool
	passed [2][]byte // since the last Cut
	armed  bool
	way    Way
	at     int
	first  func()
}

// NewLink returns a wire to the server at a URL.
func NewLink(t testing.TB, to string) *Link {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &Link{URL: "http://" + ln.Addr().String(), to: strings.TrimPrefix(to, "http://"), ln: ln, ends: map[net.Conn]bool{}}
	l.all.Go(l.accept)
	t.Cleanup(l.close)
	return l
}

// Cut breaks the connection that carries the n-th byte from now on, right after
// it; with n = 0 right before the next one. First, if given, is done before
// that. Connections after it are whole.
func (l *Link) Cut(way Way, n int, first func()) {
	l.breaking.Wait() // a caller must be able to see that the one before is gone
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed, l.way, l.at, l.first = true, way, n, first
	l.passed = [2][]byte{}
}

// Passed returns what has gone a way since the last Cut, and whether it has been cut.
func (l *Link) Passed(way Way) (bytes string, cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.passed[way]), !l.armed
}

func (l *Link) accept() {
	for {
		near, err := l.ln.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		l.mu.Lock()
		l.ends[near], l.ends[far] = true, true
		closed := l.closed
		l.mu.Unlock()
		if closed {
			l.drop(near, far)
			return
		}
		l.all.Go(func() { l.pump(near, far, Up) })
		l.all.Go(func() { l.pump(far, near, Down) })
	}
}

// pump passes bytes on until either end, or the test, breaks the connection.
func (l *Link) pump(from, to net.Conn, way Way) {
	broken := func() {}
	defer func() { l.drop(from, to); broken() }()
	for buf := make([]byte, 32<<10); ; {
		n, err := from.Read(buf)
		pass, cut, first := l.pass(way, buf[:n])
		if cut {
			broken = l.breaking.Done
		}
		if _, failed := to.Write(pass); err != nil || failed != nil || cut {
			if first != nil {
				first()
			}
			return
		}
	}
}

// pass returns how much of what came may go on, and whether the connection breaks then.
func (l *Link) pass(way Way, came []byte) (pass []byte, cut bool, first func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.armed && way == l.way && len(came) > 0 {
		left := l.at - len(l.passed[way])
		if cut = left <= len(came); cut {
			came, first, l.armed = came[:left], l.first, false
			l.breaking.Add(1)
		}
	}
	l.passed[way] = append(l.passed[way], came...)
	return came, cut, first
}

func (l *Link) drop(ends ...net.Conn) {
	for _, end := range ends {
		_ = end.Close()
		l.mu.Lock()
		delete(l.ends, end)
		l.mu.Unlock()
	}
}

func (l *Link) close() {
	_ = l.ln.Close()
	l.mu.Lock()
	l.closed = true
	for end := range l.ends {
		_ = end.Close()
	}
	l.mu.Unlock()
	l.all.Wait()
}
