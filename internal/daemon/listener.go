// Package daemon is what every service does as a process: it listens, serves,
// obeys signals and ends with the exit codes that operators know. It also ends
// connections whose other side is gone, reads the rest of refused bodies, and
// makes the log.
package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/httpserver"
)

// Listener serves HTTP on one address.
type Listener struct {
	Listen  string
	On      net.Listener // the listener to use in place of Listen; may be nil
	Handler http.Handler
	TLS     *tls.Config   // nil: plain HTTP
	Silence time.Duration // after which a caller that reads nothing is gone; 0: a minute
	Unwanted
	Log *zap.Logger

	ln     net.Listener
	server *httpserver.Server
	done   sync.WaitGroup
	stop   context.CancelFunc
	err    error
}

// Limits on callers that are slow on purpose.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 256 << 10
)

// Start listens and serves in the background.
func (l *Listener) Start() (err error) {
	if l.ln = l.On; l.ln == nil {
		if l.ln, err = l.bind(); err != nil {
			return err
		}
	}
	stopping, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.server = httpserver.New(httpserver.Config{
		Handler: &lingering{l.Handler, l.Unwanted.withDefaults(), stopping}, TLS: l.TLS, Log: l.Log,
		HeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeader: maxHeader,
	})
	l.done.Go(func() {
		if err := l.server.Serve(l.ln); !errors.Is(err, http.ErrServerClosed) {
			l.err = err
			l.Log.Error("serving ended", zap.Error(err))
		}
	})
	return nil
}

// Addr returns the address that is served. It names the real port if Listen has
// port 0.
func (l *Listener) Addr() string { return l.ln.Addr().String() }

// Stop waits for requests in flight until ctx ends, then closes.
func (l *Listener) Stop(ctx context.Context) error {
	if l.server == nil {
		return nil
	}
	l.stop()
	err := l.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, l.server.Close())
	}
	l.done.Wait()
	return errors.Join(err, l.err)
}

// Loopback reports whether an address can be reached from this host only.
func Loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
