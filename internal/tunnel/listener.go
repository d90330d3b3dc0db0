package tunnel

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"
)

// Config is what a server's side needs.
type Config struct {
	Balancer    *url.URL               // http or https, a host and perhaps a port
	Token       func() (string, error) // called for each attempt; nil: none is sent
	TLS         *tls.Config            // for https; nil: the host's certificate authorities
	Incarnation string                 // of this server

	Up   func()      // called when a tunnel is there; may be nil
	Down func(error) // called with the reason why there is none, once for each reason; may be nil

	AskEvery   time.Duration // how often the balancer is pinged [5s]
	Patience   time.Duration // how long a ping may take [10s]
	FirstPause time.Duration // before another attempt; it doubles [500ms]
	LastPause  time.Duration // up to this [30s]
}

// Listener is the server's side: a net.Listener whose connections arrive
// through a tunnel. A tunnel that breaks is made again. The pauses grow and
// differ from server to server, so that a balancer that restarts is not
// overrun.
type Listener struct {
	Config
	ctx  context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup

	accepted chan net.Conn
	streams  atomic.Int64

	mu      sync.Mutex // guards session
	session *yamux.Session
}

// Listen makes a tunnel in the background and keeps it.
func Listen(cfg Config) *Listener {
	l := &Listener{Config: cfg, accepted: make(chan net.Conn)}
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.work.Go(l.keep)
	return l
}

// Accept returns the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.accepted:
		return conn, nil
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Addr returns the balancer's host: the server has no address of its own.
func (l *Listener) Addr() net.Addr { return address(l.Balancer.Host) }

type address string

func (address) Network() string  { return "tunnel" }
func (a address) String() string { return string(a) }

// Close accepts no more connections. Existing ones continue until End.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop()
	if l.session != nil {
		return l.session.GoAway() // tells the balancer before it sends more
	}
	return nil
}

// End closes the tunnel and all its connections.
func (l *Listener) End() {
	_ = l.Close()
	l.mu.Lock()
	session := l.session
	l.mu.Unlock()
	if session != nil {
		_ = session.Close()
	}
	l.work.Wait()
}

// keep makes one tunnel after another.
func (l *Listener) keep() {
	first, last := cmp.Or(l.FirstPause, 500*time.Millisecond), cmp.Or(l.LastPause, 30*time.Second)
	said := ""
	for pause := first; ; pause = min(2*pause, last) {
		began := time.Now()
		up, err := l.once()
		if l.ctx.Err() != nil {
			return
		}
		if up {
			said = ""
		}
		if up && time.Since(began) > last {
			pause = first
		}
		if text := err.Error(); text != said && l.Down != nil {
			said = text
			l.Down(err)
		}
		select {
		case <-time.After(pause/2 + rand.N(pause/2+1)):
		case <-l.ctx.Done():
		}
	}
}

var errBroken = errors.New("the tunnel has broken")

// once makes a tunnel and serves it to its end. up reports whether there was
// one.
func (l *Listener) once() (up bool, err error) {
	session, err := l.connect()
	if err != nil {
		return false, err
	}
	defer session.Close()
	if !l.begin(session) {
		return false, net.ErrClosed
	}
	if l.Up != nil {
		l.Up()
	}
	for {
		s, err := session.AcceptStream()
		if err != nil {
			return true, errBroken
		}
		conn := newStream(s, func() { l.streams.Add(-1) })
		if l.streams.Add(1) > MaxStreams {
			_ = conn.Close() // a balancer that keeps to the limit opens none
			continue
		}
		select {
		case l.accepted <- conn:
		case <-l.ctx.Done():
			_ = conn.Close()
			<-session.CloseChan() // existing connections continue
			return true, net.ErrClosed
		}
	}
}

// begin registers a session for Close and End. It reports false if they were
// called before.
func (l *Listener) begin(session *yamux.Session) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.session = session
	return l.ctx.Err() == nil
}
