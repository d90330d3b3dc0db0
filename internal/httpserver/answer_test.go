package httpserver_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever a handler does, its caller gets what net/http would have sent.
func TestServer_AnswersAsNetHTTPDoes(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		write := func(w http.ResponseWriter, sizes ...int) {
			for n, size := range sizes {
				_, _ = io.WriteString(w, strings.Repeat(fmt.Sprint(n), size))
			}
		}
		for name, handler := range map[string]func(w http.ResponseWriter){
			"nothing":      func(http.ResponseWriter) {},
			"a status":     func(w http.ResponseWriter) { w.WriteHeader(404) },
			"another one":  func(w http.ResponseWriter) { w.WriteHeader(404); w.WriteHeader(200); write(w, 3) },
			"no body":      func(w http.ResponseWriter) { w.WriteHeader(204); write(w, 3) },
			"small":        func(w http.ResponseWriter) { write(w, 3) },
			"pieces":       func(w http.ResponseWriter) { write(w, 3, 5, 0, 7) },
			"with length":  func(w http.ResponseWriter) { w.Header().Set("Content-Length", "8"); write(w, 3, 5) },
			"large":        func(w http.ResponseWriter) { w.Header().Set("Content-Length", "200000"); write(w, 100_000, 100_000) },
			"many headers": func(w http.ResponseWriter) { w.Header()["X-A"] = []string{"1", "2"}; w.WriteHeader(500) },
			"split header": func(w http.ResponseWriter) { w.Header().Set("X-A", "1\r\nX-B: 2"); write(w, 1) },
			"bad name":     func(w http.ResponseWriter) { w.Header()["X A\r\nB"] = []string{"1"}; write(w, 1) },
			"bad length":   func(w http.ResponseWriter) { w.Header().Set("Content-Length", "many"); write(w, 1) },
			"the last":     func(w http.ResponseWriter) { w.Header().Set("Connection", "close"); write(w, 1) },
			"no type":      func(w http.ResponseWriter) { w.Header()["Content-Type"] = nil; write(w, 1) },
			"a stream":     func(w http.ResponseWriter) { write(w, 3); w.(http.Flusher).Flush(); write(w, 5, 60_000, 1) },
			"large stream": func(w http.ResponseWriter) { write(w, 100_000, 3) },
			"only flushed": func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		} {
			t.Run(name, func(t *testing.T) {
				h := func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					w.Header().Set("Content-Type", "text/plain")
					handler(w)
				}
				_, ours := by.start(t, h)
				got, want := by.call(t, ours), by.call(t, by.netHTTP(t, h))
				got.send(post("/run", "{}"))
				want.send(post("/run", "{}"))
				a, body := got.answer()
				b, wanted := want.answer()
				assert.Equal(t, b.StatusCode, a.StatusCode)
				assert.Equal(t, len(wanted), len(body))
				assert.True(t, wanted == body)
				assert.Equal(t, b.Close, a.Close)
				require.NotEmpty(t, a.Header.Get("Date"))
				assertSameHeader(t, b, a)
				if a.Close {
					assert.ErrorIs(t, got.ended(), io.EOF)
					return
				}
				got.send(post("/run", "{}"))
				again, body := got.answer()
				assert.Equal(t, b.StatusCode, again.StatusCode)
				assert.True(t, wanted == body)
			})
		}
	})
}

// assertSameHeader compares what does not differ by right: the time, and how long
// an answer may be before its length is not said.
func assertSameHeader(t *testing.T, want, got *http.Response) {
	t.Helper()
	if want.ContentLength >= 0 {
		assert.Equal(t, want.ContentLength, got.ContentLength)
	}
	for _, r := range []*http.Response{want, got} {
		for _, name := range []string{"Date", "Content-Length", "X-Here"} {
			r.Header.Del(name)
		}
	}
	assert.Equal(t, want.Header, got.Header)
}

// An answer that is not what its handler said cannot be taken for a whole one.
func TestServer_AnswersThatBreakOff(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		for name, h := range map[string]http.HandlerFunc{
			"too short": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "9")
				_, _ = io.WriteString(w, "hello")
			},
			"a panic in a stream": func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "hello")
				w.(http.Flusher).Flush()
				panic("no")
			},
			"a panic before": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		} {
			t.Run(name, func(t *testing.T) {
				_, addr := by.start(t, h)
				c := by.call(t, addr)
				c.send(post("/run", "{}"))
				resp, err := http.ReadResponse(c.in, nil)
				if err == nil {
					_, err = io.ReadAll(resp.Body)
				}
				assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
			})
		}
	})
}

func TestServer_MoreThanItSaidIsNotWritten(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		failed := make(chan error, 1)
		_, addr := by.start(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "hello")
			_, err := io.WriteString(w, "!")
			failed <- err
		})
		c := by.call(t, addr)
		c.send(post("/run", "{}"))
		_, body := c.answer()
		assert.Equal(t, "hello", body)
		assert.ErrorIs(t, <-failed, http.ErrContentLength)
	})
}

func TestServer_BodyThatIsNotRead(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		_, addr := by.start(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusRequestEntityTooLarge) })
		c := by.call(t, addr)
		for _, size := range []int{1, 100_000} {
			c.send(post("/run", strings.Repeat("x", size)))
			resp, _ := c.answer()
			assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
			assert.False(t, resp.Close)
		}
		go func() { _, _ = io.WriteString(c, post("/run", strings.Repeat("x", 8<<20))) }()
		resp, body := c.answer()
		assert.Equal(t, "no\n", body)
		assert.True(t, resp.Close, "too much to read for nothing")
	})
}

// Also a caller that looks for the answer only when it cannot write any more
// gets it.
func TestServer_RefusalOfALargeBodyArrives(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		_, addr := by.start(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusRequestEntityTooLarge) })
		body := strings.Repeat("x", 4<<20)
		for range 50 {
			transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			req, err := http.NewRequest(http.MethodPost, by.scheme()+addr+"/run", strings.NewReader(body))
			require.NoError(t, err)
			resp, err := transport.RoundTrip(req)
			require.NoError(t, err)
			assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
			require.NoError(t, resp.Body.Close())
			transport.CloseIdleConnections()
		}
	})
}

func TestServer_BodyThatBreaksOff(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		failed := make(chan error, 1)
		_, addr := by.start(t, func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			failed <- err
		})
		c := by.call(t, addr)
		c.send("POST /run HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhello")
		require.NoError(t, c.Close())
		assert.ErrorIs(t, <-failed, io.ErrUnexpectedEOF)
	})
}
