package loadbalancer_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// holder is a server that keeps functions by leases and tells of them.
type holder struct {
	*fake
	has     map[string]map[string]bool // functions' leases; guarded by fake.mu, like what follows
	cold    map[string]bool
	changes int
	silent  bool // it does not say that something has changed
}

func newHolder(t *testing.T) *holder {
	t.Helper()
	h := &holder{fake: newFake(t), has: map[string]map[string]bool{}, cold: map[string]bool{}, changes: 1}
	h.on(runtimespec.PathReady, func(_ *fake, w http.ResponseWriter, _ request) {
		h.mu.Lock()
		text := fmt.Sprintf(`{"ready":true,"changes":%d}`, h.changes)
		if h.silent {
			text = `{"ready":true}`
		}
		h.mu.Unlock()
		write(w, text)
	})
	h.on(runtimespec.PathFunctions, func(f *fake, w http.ResponseWriter, r request) { functions(h.list())(f, w, r) })
	h.on(runtimespec.PathInit, func(f *fake, w http.ResponseWriter, r request) {
		h.take(r.Get(runtimespec.HeaderFunction), r.Get(runtimespec.HeaderLease))
		ok(f, w, r)
	})
	h.on(runtimespec.PathRun, func(f *fake, w http.ResponseWriter, r request) {
		id := r.Get(runtimespec.HeaderFunction)
		h.mu.Lock()
		_, known := h.has[id]
		h.mu.Unlock()
		if !known {
			refuse(runtimespec.UnknownFunction)(f, w, r)
			return
		}
		h.take(id, r.Get(runtimespec.HeaderLease))
		echo(f, w, r)
	})
	h.on(runtimespec.PathStop, func(f *fake, w http.ResponseWriter, r request) {
		h.drop(r.Get(runtimespec.HeaderFunction), r.Get(runtimespec.HeaderLease))
		ok(f, w, r)
	})
	return h
}

func (h *holder) list() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []string
	for id := range h.has {
		state := "ready"
		if h.cold[id] {
			state = "cold"
		}
		all = append(all, fmt.Sprintf(`{"function":%q,"tenant":"default","name":"f","state":%q,"instances":[]}`, id, state))
	}
	return strings.Join(all, ",")
}

// take is what an init and a run do: the function is there, and has a process.
func (h *holder) take(id, lease string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.has[id] == nil {
		h.has[id] = map[string]bool{}
		h.changes++
	}
	if h.cold[id] {
		delete(h.cold, id)
		h.changes++
	}
	h.has[id][lease] = true
}

func (h *holder) drop(id, lease string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if delete(h.has[id], lease); h.has[id] != nil && len(h.has[id]) == 0 {
		delete(h.has, id)
		h.changes++
	}
}

// evict ends its processes, or with them all that it knows.
func (h *holder) evict(id string, forget bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changes++
	if h.cold[id] = true; forget {
		delete(h.has, id)
	}
}

// knows waits until a balancer believes that its servers hold so many functions,
// the first server before the second.
func (r *rig) knows(first, second int) {
	r.t.Helper()
	r.eventually(func() bool { s := r.servers(); return s[0].Functions == first && s[1].Functions == second })
}

// Two balancers that share nothing but their servers.
func TestBalancer_TwoSideBySideLearnWhatTheOtherDid(t *testing.T) {
	for name, silent := range map[string]bool{"told that something has changed": false, "not told": true} {
		t.Run(name, func(t *testing.T) {
			one, other := newHolder(t), newHolder(t)
			one.silent, other.silent = silent, silent
			a, b := before(t, loadbalancer.Config{}, one.fake, other.fake), before(t, loadbalancer.Config{}, one.fake, other.fake)
			inits := func() int { return one.count(runtimespec.PathInit) + other.count(runtimespec.PathInit) }

			f := newTarget(small)
			a.mustInit(f)
			first, second := one.count(runtimespec.PathInit), other.count(runtimespec.PathInit)
			b.knows(first, second)
			b.mustInit(f.another())
			b.mustRun(f.another())
			assert.Equal(t, 1, inits(), "it is there already")

			g := newTarget(small, "OTHER", "env")
			b.mustInit(g)
			a.knows(one.count(runtimespec.PathInit), other.count(runtimespec.PathInit))
			a.mustRun(g) // a has no recipe for it
			require.Equal(t, 2, inits())

			stays := map[bool]*holder{true: one, false: other}[first == 1]
			id := f.spec.Identity().String()
			a.stopped(f)
			stays.mu.Lock()
			assert.Len(t, stays.has[id], 1, "the other balancer's lease")
			stays.mu.Unlock()
			b.mustRun(f)
			assert.Equal(t, 2, inits())
		})
	}
}

// What was stopped through one balancer is gone for the other, too.
func TestBalancer_AStopThroughOneIsSeenByTheOther(t *testing.T) {
	one, other := newHolder(t), newHolder(t)
	a, b := before(t, loadbalancer.Config{}, one.fake, other.fake), before(t, loadbalancer.Config{}, one.fake, other.fake)
	f := newTarget(small)
	a.mustInit(f)
	b.knows(one.count(runtimespec.PathInit), other.count(runtimespec.PathInit))
	a.stopped(f)
	b.knows(0, 0)
	assert.Equal(t, runtimespec.UnknownFunction, b.run(f, "").reason)
	assert.Zero(t, one.count(runtimespec.PathRun)+other.count(runtimespec.PathRun), "nobody was asked in vain")
}

// Idle servers get no runs, by whose answers it would be seen what they evicted.
func TestBalancer_LearnsWhatIdleServersEvicted(t *testing.T) {
	one, other := newHolder(t), newHolder(t)
	r := before(t, loadbalancer.Config{}, one.fake, other.fake)
	f := newTarget(small)
	for _, h := range []*holder{one, other} {
		h.on(runtimespec.PathInit, func(f *fake, w http.ResponseWriter, r request) {
			time.Sleep(100 * time.Millisecond) // nothing is waited for: it is what an init takes here, so that a copy costs something
			h.take(r.Get(runtimespec.HeaderFunction), r.Get(runtimespec.HeaderLease))
			ok(f, w, r)
		})
	}
	r.mustInit(f)
	i := 0
	if one.count(runtimespec.PathInit) == 0 {
		one, other, i = other, one, 1
	}
	other.take(f.spec.Identity().String(), "somebody's")
	r.knows(1, 1)

	one.evict(f.spec.Identity().String(), false)
	r.eventually(func() bool { return r.servers()[i].Cold == 1 })
	for range 20 {
		assert.Equal(t, other.id, r.mustRun(f).header.Get(runtimespec.HeaderServer), "it has a process there")
	}
	one.evict(f.spec.Identity().String(), true)
	other.evict(f.spec.Identity().String(), true)
	r.knows(0, 0)
	r.mustRun(f)
	assert.Equal(t, 2, one.count(runtimespec.PathInit)+other.count(runtimespec.PathInit))
}

// Between checks it is answers to runs that tell it.
func TestBalancer_LearnsFromAnswersWhatServersEvicted(t *testing.T) {
	h := newHolder(t)
	r := before(t, loadbalancer.Config{CheckEvery: time.Hour}, h.fake)
	f, g := newTarget(small), newTarget(small, "OTHER", "env").spec.Identity().String()
	h.on(runtimespec.PathRun, func(f *fake, w http.ResponseWriter, in request) {
		h.mu.Lock()
		text := fmt.Sprintf("TEXT named_metrics.in_flight=0, named_metrics.slots=4, named_metrics.queued=0, named_metrics.changes=%d", h.changes)
		h.mu.Unlock()
		w.Header().Set(runtimespec.HeaderLoad, text)
		echo(f, w, in)
	})
	r.mustInit(f)
	after := func(what func(), seen func(s loadbalancer.ServerStatus) bool) {
		what()
		r.eventually(func() bool {
			r.mustRun(f)
			return seen(r.servers()[0])
		})
	}
	after(func() { h.take(g, "somebody's") }, func(s loadbalancer.ServerStatus) bool { return s.Functions == 2 })
	after(func() { h.evict(g, false) }, func(s loadbalancer.ServerStatus) bool { return s.Cold == 1 })
	after(func() { h.evict(g, true) }, func(s loadbalancer.ServerStatus) bool { return s.Functions == 1 })
}

// A server that says nothing new is not asked what it holds.
func TestBalancer_AsksForFunctionsOnlyWhenTheyChange(t *testing.T) {
	one, other := newHolder(t), newHolder(t)
	r := before(t, loadbalancer.Config{}, one.fake, other.fake)
	checked := one.count(runtimespec.PathReady)
	r.eventually(func() bool { return one.count(runtimespec.PathReady) > checked+10 })
	assert.Equal(t, 1, one.count(runtimespec.PathFunctions))
}
