package httpserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kept is what a handler's goroutine can keep of a request.
type kept struct {
	w      http.ResponseWriter
	r      *http.Request
	header http.Header
}

// What a handler leaves running has no part in the next request on the
// connection: it gets errors, and neither sees nor changes anything of that.
func TestServer_WhatIsKeptOfARequestTouchesNoOther(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		first := make(chan kept, 1)
		_, addr := by.start(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/first" {
				_, _ = io.Copy(io.Discard, r.Body)
				first <- kept{w, r, w.Header()}
				return
			}
			describe(w, r)
		})
		c := by.call(t, addr)
		c.send(post("/first", "{}", "X-First: yes"))
		c.answer()
		old := <-first
		for n := range 20 {
			body := strings.Repeat("x", 1+n*1000)
			c.send(post("/next", body, "X-Next: yes")[:60])
			n, err := old.r.Body.Read(make([]byte, 10))
			assert.Zero(t, n)
			assert.Error(t, err)
			old.useAll(t)
			c.send(post("/next", body, "X-Next: yes")[60:])
			resp, text := c.answer()
			assert.Equal(t, http.StatusOK, resp.StatusCode)
			assert.Contains(t, text, body)
			assert.NotContains(t, text, "First")
			assert.Empty(t, resp.Header.Get("X-Late"))
			assert.Equal(t, "/first", old.r.URL.Path)
			assert.Equal(t, "yes", old.r.Header.Get("X-First"))
			assert.Empty(t, old.r.Header.Get("X-Next"))
			assert.Error(t, old.r.Context().Err())
		}
	})
}

// useAll does everything that can be done with a request and its answer.
func (k kept) useAll(t *testing.T) {
	t.Helper()
	k.header.Set("X-Late", "yes")
	k.w.Header().Set("X-Late", "yes")
	k.w.WriteHeader(http.StatusTeapot)
	_, err := io.WriteString(k.w, "late")
	assert.Error(t, err)
	_, err = k.w.Write(make([]byte, 100_000))
	assert.Error(t, err)
	control := http.NewResponseController(k.w)
	assert.Error(t, control.Flush())
	assert.Error(t, control.SetReadDeadline(time.Unix(1, 0)))
	assert.Error(t, control.SetWriteDeadline(time.Unix(1, 0)))
	_, err = io.ReadAll(k.r.Body)
	assert.Error(t, err)
	assert.NoError(t, k.r.Body.Close())
	k.r.Header.Set("X-Late", "yes")
	k.r.URL.RawQuery = "late"
}

// The same while the next requests are under way, from goroutines that never end
// before. It is for the race detector, too.
func TestServer_GoroutinesThatOutliveTheirHandlers(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		over, stop := context.WithCancel(context.Background())
		var late sync.WaitGroup
		keep := make(chan kept, 1)
		_, addr := by.start(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/keep" {
				keep <- kept{w, r, w.Header()}
				return
			}
			text, err := io.ReadAll(r.Body)
			_, _ = fmt.Fprintf(w, "%d %v %s", len(text), err, r.Header.Get("X-Number"))
		})
		t.Cleanup(func() { stop(); late.Wait() })
		c := by.call(t, addr)
		for n := range 100 {
			if n%25 == 0 {
				c.send(post("/keep", ""))
				c.answer()
				k := <-keep
				late.Go(func() {
					for over.Err() == nil {
						k.disturb()
					}
				})
			}
			size := n * 700
			c.send(post("/next", strings.Repeat("x", size), fmt.Sprint("X-Number: ", n)))
			resp, text := c.answer()
			require.Equal(t, fmt.Sprintf("%d <nil> %d", size, n), text)
			require.Empty(t, resp.Header.Get("X-Late"))
		}
	})
}

func (k kept) disturb() {
	var buf [100]byte
	_, _ = k.r.Body.Read(buf[:])
	k.w.WriteHeader(http.StatusTeapot)
	_, _ = k.w.Write(buf[:])
	control := http.NewResponseController(k.w)
	_ = control.Flush()
	_ = control.SetReadDeadline(time.Unix(1, 0))
	_ = control.SetWriteDeadline(time.Unix(1, 0))
	_ = k.r.Context().Err()
	k.header.Set("X-Late", "yes")
	k.r.Header.Set("X-Late", "yes")
}

// A goroutine that reads on when its handler returns neither keeps the connection
// nor reads anything of the next request.
func TestServer_ReadThatOutlivesItsHandler(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		failed := make(chan error, 1)
		_, addr := by.start(t, func(w http.ResponseWriter, r *http.Request) {
			reading := make(chan struct{})
			go func() {
				var buf [64]byte
				n, err := r.Body.Read(buf[:])
				close(reading)
				if n != 2 || err != nil {
					err = errors.New("the beginning did not come")
				} else {
					_, err = r.Body.Read(buf[:])
				}
				failed <- err
			}()
			<-reading
		})
		c := by.call(t, addr)
		c.send("POST /run HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n12")
		resp, _ := c.answer()
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		assert.Error(t, <-failed)
		assert.ErrorIs(t, c.ended(), io.EOF)
	})
}

// A goroutine that writes to a caller that does not read does not keep the
// connection of a handler that has broken the answer off.
func TestServer_WriteThatOutlivesABrokenAnswer(t *testing.T) {
	eachWay(t, func(t *testing.T, by way) {
		written, breakOff := make(chan error, 1), make(chan struct{})
		_, addr := by.start(t, func(w http.ResponseWriter, _ *http.Request) {
			go func() {
				_, err := w.Write(make([]byte, 64<<20)) // more than the kernel keeps
				written <- err
			}()
			<-breakOff
			panic(http.ErrAbortHandler)
		})
		c := by.call(t, addr)
		c.send(post("/run", "{}"))
		_, err := c.in.ReadByte()
		require.NoError(t, err)
		close(breakOff)
		select {
		case err := <-written:
			assert.Error(t, err)
		case <-within(t).Done():
			t.Fatal("the connection is kept")
		}
	})
}
