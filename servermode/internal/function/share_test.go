package function_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// rivals are tenants on a host with two CPUs. Each has a function whose runs take a
// second, in as many processes as there are runs.
type rivals struct {
	*sleeping
	mu     sync.Mutex // guards inRun
	inRun  map[string][]*instance
	number byte
}

func newRivals(t *testing.T) *rivals {
	return &rivals{sleeping: newSleeping(t, pool(function.Config{Instances: 8, CPUs: 2, Tenants: true})), inRun: map[string][]*instance{}}
}

// runs starts runs of a tenant and waits until its processes have started.
func (r *rivals) runs(tenant string, n int, take time.Duration) {
	r.number++
	b := r.function(tenant, r.number, function.Wish{}, 0, take)
	inner := b.run
	b.run = func(ctx context.Context, i *instance, line string) (string, bool, error) {
		r.mu.Lock()
		r.inRun[tenant] = append(r.inRun[tenant], i)
		r.mu.Unlock()
		defer func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.inRun[tenant] = slices.DeleteFunc(r.inRun[tenant], func(other *instance) bool { return other == i })
		}()
		return inner(ctx, i, line)
	}
	for range n {
		go func() { _, _ = b.activate(context.Background(), "x") }()
	}
	time.Sleep(200 * time.Millisecond) // of the bubble's time: the pool has grown
	synctest.Wait()
}

// places returns the places of a tenant's processes that have runs, in order.
func (r *rivals) places(tenant string) (out []function.Place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range r.inRun[tenant] {
		out = append(out, function.Place(i.place.Load()))
	}
	slices.Sort(out)
	return out
}

const (
	inFront = function.InFront
	aside   = function.Aside
	behind  = function.Behind
)

func TestShares_TenantAloneHasAllCPUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRivals(t)
		r.runs("one", 4, time.Second)
		assert.Equal(t, []function.Place{inFront, inFront, inFront, inFront}, r.places("one"))
	})
}

// A tenant that runs more than its share yields, and keeps its share of the rest.
func TestShares_TenantBeyondItsShareYields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRivals(t)
		r.runs("flood", 3, 10*time.Second)
		r.runs("quiet", 1, time.Second)
		assert.Equal(t, []function.Place{inFront}, r.places("quiet"))
		assert.Equal(t, []function.Place{aside, behind, behind}, r.places("flood"), "runs that started when it was alone")
		r.runs("flood", 1, time.Second)
		assert.Equal(t, []function.Place{aside, behind, behind, behind}, r.places("flood"), "one that starts now")
		time.Sleep(contended)
		r.Sweep(time.Now())
		synctest.Wait()
		assert.Equal(t, []function.Place{inFront, inFront, inFront}, r.places("flood"), "once it is alone again")
	})
}

// contended is longer than the runs that take a second, and than a tenant counts
// after them.
const contended = 3 * time.Second

func TestShares_TenantWithinItsShareStaysInFront(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRivals(t)
		r.runs("one", 1, time.Second)
		r.runs("two", 1, time.Second)
		r.runs("three", 1, time.Second)
		for _, tenant := range []string{"one", "two", "three"} {
			assert.Equal(t, []function.Place{inFront}, r.places(tenant), tenant)
		}
	})
}

// A process that yielded comes back in front when its tenant has kept within its
// share for a while.
func TestShares_YieldingEndsAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRivals(t)
		r.runs("quiet", 1, 10*time.Second)
		r.runs("flood", 2, time.Second)
		r.runs("flood", 1, 10*time.Second)
		assert.Equal(t, []function.Place{aside, behind, behind}, r.places("flood"))
		time.Sleep(contended)
		r.Sweep(time.Now())
		synctest.Wait()
		assert.Equal(t, []function.Place{inFront}, r.places("flood"))
	})
}
