package loadbalancer_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// crowded is a server that executes so many runs at once and refuses others for
// longer than a test lasts. A run ends when the test says so.
type crowded struct {
	*fake
	slots   int
	end     chan struct{}
	started chan string // activations
	running int         // guarded by fake.mu
	refused int         // guarded by fake.mu
}

func newCrowded(t *testing.T, slots int) *crowded {
	t.Helper()
	c := &crowded{fake: newFake(t), slots: slots, end: make(chan struct{}), started: make(chan string, 100)}
	c.on(runtimespec.PathRun, c.execute)
	c.on(runtimespec.PathReady, func(f *fake, w http.ResponseWriter, r request) {
		c.tell(w, 0)
		ready(f, w, r)
	})
	return c
}

// tell reports the load, with change more runs.
func (c *crowded) tell(w http.ResponseWriter, change int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running += change
	w.Header().Set(runtimespec.HeaderLoad, fmt.Sprintf("TEXT named_metrics.in_flight=%d, named_metrics.slots=%d, named_metrics.queued=0", c.running, c.slots))
}

func (c *crowded) execute(f *fake, w http.ResponseWriter, r request) {
	c.mu.Lock()
	full := c.running == c.slots
	if full {
		c.refused++
	}
	c.mu.Unlock()
	if full {
		c.tell(w, 0)
		w.Header().Set(runtimespec.HeaderReason, string(runtimespec.Saturated))
		w.Header().Set("Retry-After", "50")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	c.tell(w, 1)
	c.started <- r.Get(runtimespec.HeaderActivation)
	select {
	case <-c.end:
	case <-r.done:
	}
	c.tell(w, -1)
	echo(f, w, r)
}

func (c *crowded) refusals() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused
}

// queued waits until so many runs wait at the balancer.
func (r *rig) queued(n int) {
	r.t.Helper()
	r.shows(fmt.Sprintf("whiskaway_balancer_queued %d", n))
}

// filled is a balancer before a server with one slot that a run, "first", has; f
// is its function.
func filled(t *testing.T, cfg loadbalancer.Config) (r *rig, s *crowded, f target, first <-chan got) {
	t.Helper()
	s = newCrowded(t, 1)
	r = before(t, cfg, s.fake)
	f = newTarget(small)
	r.mustInit(f)
	first = async(func() got { return r.run(f, "first") })
	wait(t, s.started)
	return r, s, f, first
}
