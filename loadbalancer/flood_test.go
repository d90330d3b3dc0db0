package loadbalancer_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Far more runs than there are slots, of several functions, some of whose callers
// leave: none is lost, none fails, and nothing is left in the queue.
func TestQueue_AFloodIsServedToTheLast(t *testing.T) {
	one, other := newCrowded(t, 2), newCrowded(t, 2)
	r := before(t, loadbalancer.Config{}, one.fake, other.fake)
	over := make(chan struct{})
	defer close(over)
	for _, s := range []*crowded{one, other} {
		go func() {
			for {
				select {
				case <-s.started:
					time.Sleep(time.Millisecond) // nothing is waited for: it is what a run takes here
					select {
					case s.end <- struct{}{}:
					case <-over: // its caller has left
						return
					}
				case <-over:
					return
				}
			}
		}()
	}
	var functions []target
	for _, env := range []string{"a", "b", "c", "d", "e"} {
		functions = append(functions, newTarget(small, "ENV", env))
		r.mustInit(functions[len(functions)-1])
	}
	var all sync.WaitGroup
	var served, left atomic.Int64
	for n := range 300 {
		all.Go(func() {
			f := functions[n%len(functions)]
			if n%10 == 0 {
				ctx, leave := context.WithTimeout(t.Context(), time.Duration(rand.IntN(100))*time.Millisecond)
				defer leave()
				if a := r.do(ctx, http.MethodPost, runtimespec.PathRun, f.header(), `{}`); a.err != nil {
					left.Add(1)
					return
				}
				served.Add(1)
				return
			}
			a := r.run(f, "")
			if assert.Equal(t, http.StatusOK, a.status, "%s %v", a.body, a.err) {
				served.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 300, served.Load()+left.Load())
	r.queued(0)
	t.Logf("%d served, %d left; %d refusals for %d runs at servers", served.Load(), left.Load(), one.refusals()+other.refusals(), one.count(runtimespec.PathRun)+other.count(runtimespec.PathRun))
}
