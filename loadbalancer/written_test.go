package loadbalancer_test

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// talkative is a fake's answer to an init that writes so many MiB, more than is on
// the way at once, and then ends as it is told to.
func talkative(mib int, wrote chan<- struct{}, end <-chan string) script {
	return func(_ *fake, w http.ResponseWriter, _ request) {
		w.Header().Set("Content-Type", runtimespec.MediaFrames)
		w.(http.Flusher).Flush()
		piece := logged(strings.Repeat("x", 64<<10))
		for range mib << 4 {
			_, _ = io.WriteString(w, piece)
		}
		w.(http.Flusher).Flush()
		wrote <- struct{}{}
		_, _ = io.WriteString(w, <-end)
	}
}

// What a server wrote before it said that it cannot is all there, however slowly
// it is read.
func TestInit_WhatWasWrittenInVainIsNotLost(t *testing.T) {
	one, other := newFake(t), newFake(t)
	r := before(t, loadbalancer.Config{}, one, other)
	for range 5 { // what is left at the end is passed on at one of two moments
		wrote, end := make(chan struct{}, 1), make(chan string, 1)
		turns := make(chan script, 2)
		turns <- talkative(12, wrote, end)
		turns <- ok
		for _, s := range []*fake{one, other} {
			s.on(runtimespec.PathInit, func(f *fake, w http.ResponseWriter, in request) { (<-turns)(f, w, in) })
		}
		f := newTarget(small, "A", uuid.NewString())
		resp := wait(t, r.open(f))
		wait(t, wrote)
		end <- logged("why it cannot\n") + ended(runtimespec.StartFailed, 503, `{"error":"no"}`)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		tail := string(text[max(0, len(text)-100):])
		assert.Contains(t, tail, "why it cannot\n")
		assert.True(t, strings.HasSuffix(tail, ended("", 200, `{"ok":true}`)), "%q", tail)
	}
}

// Inits go on when their callers have left, or never wanted to know: what they
// write then is not kept.
func TestInit_WhatNobodyReadsIsNotKept(t *testing.T) {
	for name, header := range map[string]string{"they have left": runtimespec.MediaFrames, "they want a plain answer": "application/json"} {
		t.Run(name, func(t *testing.T) {
			s := newFake(t)
			r := before(t, loadbalancer.Config{}, s)
			wrote, end := make(chan struct{}, 1), make(chan string)
			defer close(end)
			s.on(runtimespec.PathInit, talkative(12, wrote, end))
			before := heap()
			for range 8 {
				f := newTarget(small, "A", uuid.NewString())
				switch header {
				case runtimespec.MediaFrames:
					_ = wait(t, r.open(f)).Body.Close()
				default:
					go r.post(runtimespec.PathInit, f.header("Accept", header), f.body(true))
				}
				wait(t, wrote)
			}
			assert.Less(t, heap()-before, int64(40), "MiB")
		})
	}
}

// heap is how many MiB of memory are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc >> 20)
}
