package httpserver_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/httpserver"
)

// The context ends when the caller hangs up, however it is asked for.
func TestServer_CallerThatHangsUpIsNoticed(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		for name, wait := range map[string]func(context.Context){
			"channel": func(ctx context.Context) { <-ctx.Done() },
			"function": func(ctx context.Context) {
				done := make(chan struct{})
				httpserver.AfterFunc(ctx, func() { close(done) })
				<-done
			},
			"standard library's": func(ctx context.Context) {
				done := make(chan struct{})
				context.AfterFunc(ctx, func() { close(done) })
				<-done
			},
			"child": func(ctx context.Context) {
				child, cancel := context.WithCancel(ctx)
				defer cancel()
				<-child.Done()
			},
		} {
			t.Run(name, func(t *testing.T) {
				began, over := make(chan struct{}), make(chan error, 1)
				_, addr := by.start(t, func(_ http.ResponseWriter, r *http.Request) {
					assert.True(t, here(r))
					_, _ = io.Copy(io.Discard, r.Body)
					close(began)
					wait(r.Context())
					over <- r.Context().Err()
				})
				c := by.call(t, addr)
				c.send(post("/run", "{}"))
				<-began
				require.NoError(t, c.Close())
				assert.ErrorIs(t, <-over, context.Canceled)
			})
		}
	})
}

// A run that goes on for long is watched, and its connection is good for more.
func TestServer_WatchedConnectionGoesOn(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		proceed := make(chan struct{})
		_, addr := by.start(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			stop := httpserver.AfterFunc(r.Context(), func() { t.Error("no caller hung up") })
			<-proceed
			assert.True(t, stop())
			_, _ = io.WriteString(w, r.URL.Path)
		})
		c := by.call(t, addr)
		for range 5 {
			c.send(post("/a", "{}"))
			time.AfterFunc(30*time.Millisecond, func() { proceed <- struct{}{} }) // the watch has started
			_, body := c.answer()
			assert.Equal(t, "/a", body)
			c.send(post("/b", "{}") + post("/c", "{}")) // the second while the first is watched
			time.AfterFunc(30*time.Millisecond, func() { proceed <- struct{}{}; proceed <- struct{}{} })
			for _, want := range []string{"/b", "/c"} {
				_, body := c.answer()
				assert.Equal(t, want, body)
			}
		}
	})
}

func TestServer_ContextEndsWithTheRequest(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		contexts := make(chan context.Context, 1)
		_, addr := by.start(t, func(_ http.ResponseWriter, r *http.Request) { contexts <- r.Context() })
		c := by.call(t, addr)
		c.send(post("/run", "{}"))
		c.answer()
		<-(<-contexts).Done()
	})
}

func TestServer_SlowHeadsAndIdleConnectionsEnd(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		_, addr := by.start(t, describe, func(c *httpserver.Config) { c.HeaderTimeout, c.IdleTimeout = 200*time.Millisecond, 2*time.Second })
		for _, text := range []string{"", "POST /run HT", post("/run", "")[:30], post("/run", "{}")} {
			c := by.call(t, addr)
			c.send(text)
			if text == post("/run", "{}") {
				c.answer()
			}
			assert.ErrorIs(t, c.ended(), io.EOF, text)
		}
	})
}

// How long a body may take is not the head's concern.
func TestServer_BodyMayTakeLongerThanAHead(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		_, addr := by.start(t, describe, func(c *httpserver.Config) { c.HeaderTimeout, c.IdleTimeout = time.Second, time.Second })
		c := by.call(t, addr)
		text := post("/run", "hello")
		c.send(text[:30])
		c.send(text[30 : len(text)-3])
		time.AfterFunc(1500*time.Millisecond, func() { _, _ = io.WriteString(c, text[len(text)-3:]) })
		_, body := c.answer()
		assert.Contains(t, body, "hello")
	})
}

// A server that shuts down finishes what it has, ends what is idle, and tells
// callers that there will be no more.
func TestServer_Shutdown(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		began, proceed := make(chan struct{}), make(chan struct{})
		s, addr := by.start(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				close(began)
				<-proceed
			}
			_, _ = io.WriteString(w, "done")
		})
		quiet, used, slow, other := by.call(t, addr), by.call(t, addr), by.call(t, addr), by.call(t, addr)
		used.send(post("/run", "{}"))
		used.answer()
		other.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		other.answer()
		slow.send(post("/slow", "{}"))
		<-began
		over := make(chan error, 1)
		go func() { over <- s.Shutdown(within(t)) }()
		for _, c := range []*caller{quiet, used, other} {
			assert.ErrorIs(t, c.ended(), io.EOF)
		}
		_, err := net.Dial("tcp", addr)
		assert.Error(t, err)
		select {
		case <-over:
			t.Error("a request is in flight")
		default:
		}
		close(proceed)
		resp, body := slow.answer()
		assert.Equal(t, "done", body)
		assert.True(t, resp.Close)
		assert.NoError(t, <-over)
	})
}

func TestServer_ShutdownIsOverWithItsContext(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		began, proceed := make(chan struct{}), make(chan struct{})
		defer close(proceed)
		s, addr := by.start(t, func(http.ResponseWriter, *http.Request) { close(began); <-proceed })
		by.call(t, addr).send(post("/run", "{}"))
		<-began
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		assert.ErrorIs(t, s.Shutdown(ctx), context.DeadlineExceeded)
	})
}

func TestServer_ShutdownBeforeServe(t *testing.T) {
	s := httpserver.New(httpserver.Config{Handler: http.NotFoundHandler()})
	require.NoError(t, s.Shutdown(within(t)))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	assert.ErrorIs(t, s.Serve(ln), http.ErrServerClosed)
}

// Callers that look before they send lose nothing when a server goes: whatever
// they could send was answered.
func TestServer_ShutdownLosesNoRequest(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		var handled atomic.Int64
		s, addr := by.start(t, func(http.ResponseWriter, *http.Request) { handled.Add(1) })
		const callers = 8
		lost := make(chan error, callers)
		for range callers {
			c := by.call(t, addr)
			c.send(post("/run", "{}"))
			c.answer()
			go func() { lost <- c.repeat() }()
		}
		require.Eventually(t, func() bool { return handled.Load() > 200 }, patience, time.Millisecond)
		require.NoError(t, s.Shutdown(within(t)))
		for range callers {
			assert.NoError(t, <-lost)
		}
	})
}

var errLost = errors.New("a request that was sent was not answered")

// observed is a connection that tells of reads, answers and ended reads.
type observed struct {
	net.Conn
	reads  chan struct{}
	events chan string
}

type observing struct {
	net.Listener
	as observed
}

func (l observing) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return observed{c, l.as.reads, l.as.events}, err
}

func (c observed) Read(p []byte) (int, error) {
	c.reads <- struct{}{}
	return c.Conn.Read(p)
}

func (c observed) Write(p []byte) (int, error) {
	c.events <- "answer"
	return c.Conn.Write(p)
}

func (c observed) SetReadDeadline(at time.Time) error {
	if at.Before(time.Now()) && !at.IsZero() {
		c.events <- "end of the watch"
	}
	return c.Conn.SetReadDeadline(at)
}

// An answer does not wait for the end of the watch.
func TestServer_AnswersBeforeTheWatchEnds(t *testing.T) {
	as := observed{reads: make(chan struct{}, 100), events: make(chan string, 100)}
	ln := listen(t)
	s := httpserver.New(httpserver.Config{Log: zap.NewNop(), HeaderTimeout: patience, IdleTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-as.reads // of the request
		<-as.reads // the watch's
	})})
	go func() { _ = s.Serve(observing{ln, as}) }()
	defer s.Close()
	c := way{}.call(t, ln.Addr().String())
	c.send(post("/run", "{}"))
	c.answer()
	assert.Equal(t, "answer", <-as.events)
	assert.Equal(t, "end of the watch", <-as.events)
}
