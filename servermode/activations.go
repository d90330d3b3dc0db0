package servermode

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// rememberFor is how long after its deadline a run is remembered: a repetition
// may have been under way.
const rememberFor = 5 * time.Second

// activationKey names an activation of one tenant's function.
type activationKey struct {
	function.Key
	id string
}

// activation is one that is being executed, or was.
type activation struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	// callers are who waits for it; with the last one gone for the grace, it is
	// cancelled. Guarded by its shard's mu.
	callers int
	until   time.Time     // remembered until then; zero: only while it runs
	done    chan struct{} // closed when result or err is set
	result  []byte
	err     error
}

// activations are the runs in flight and those that ended not long ago: an
// activation that arrives twice is executed once, and one can be cancelled by
// its id. What is remembered is never forgotten before its time: when there are
// too many, new ones are refused.
type activations struct {
	shards [activationShards]activationShard
	count  atomic.Int64 // in flight with an id, or remembered
	most   atomic.Int64
	budget atomic.Int64  // bytes of results that may be kept
	bytes  atomic.Int64  // of those that are
	next   atomic.Uint32 // shard whose oldest result goes next
}

// activationShards keeps callers out of each other's way.
const activationShards = 32

// activationID is an activationKey, hashed: millions may be remembered.
type activationID [16]byte

func (k activationKey) hash() (id activationID) {
	raw := make([]byte, 0, 256)
	raw = binary.BigEndian.AppendUint32(raw, uint32(len(k.Tenant)))
	raw = append(append(append(raw, k.Tenant...), k.Identity[:]...), k.id...)
	sum := sha256.Sum256(raw)
	copy(id[:], sum[:])
	return id
}

func newActivations(most int, budget int64) *activations {
	a := &activations{}
	a.most.Store(int64(most))
	a.budget.Store(budget)
	for i := range a.shards {
		a.shards[i] = activationShard{running: map[activationID]*activation{}, ended: map[activationID]record{}, due: map[int64][]activationID{}}
	}
	return a
}

func (a *activations) shard(id activationID) *activationShard {
	return &a.shards[id[0]%activationShards]
}

// errTableFull and its like are what becomes of a run that is not executed.
var (
	errTableFull         = refusal(runtimespec.TableFull, "the server remembers as many activations as it may (--activations)")
	errUnknownActivation = refusal(runtimespec.UnknownActivation, "the activation is not known here: it ended long ago, or never came")
	errResultGone        = refusal(runtimespec.ResultGone, "the activation was executed; its result is no longer kept (--result-cache)")
)

// enter records an activation, or returns the one with its id that is in flight
// or was. Without an id every activation is its own. One that is said to have
// been sent before (again) and is not known is refused.
func (a *activations) enter(parent context.Context, key activationKey, until time.Time, again bool) (mine *activation, first bool, err error) {
	if key.id == "" {
		if again {
			return nil, false, errUnknownActivation
		}
		return newActivation(parent, until), true, nil
	}
	id := key.hash()
	s := a.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if running, ok := s.running[id]; ok {
		running.callers++
		return running, false, nil
	}
	if ended, ok := s.ended[id]; ok {
		return ended.activation(), false, nil
	}
	switch {
	case again:
		return nil, false, errUnknownActivation
	case a.count.Load() >= a.most.Load():
		return nil, false, errTableFull
	}
	a.count.Add(1)
	mine = newActivation(parent, until)
	s.running[id] = mine
	return mine, true, nil
}

func newActivation(parent context.Context, until time.Time) *activation {
	ctx, cancel := context.WithCancelCause(parent)
	return &activation{ctx: ctx, cancel: cancel, callers: 1, until: until, done: make(chan struct{})}
}

// leave records an activation's outcome for those who joined it, and for those
// who ask again later. What was not started may be tried anew.
func (a *activations) leave(key activationKey, mine *activation, result []byte, err error) {
	mine.cancel(nil)
	mine.result, mine.err = result, err
	if key.id != "" {
		id := key.hash()
		s := a.shard(id)
		s.mu.Lock()
		delete(s.running, id)
		if mine.until.IsZero() || err != nil && asRefusal(err).Reason.NotStarted() {
			a.count.Add(-1)
		} else {
			a.bytes.Add(s.remember(id, mine, a.budget.Load()))
		}
		s.mu.Unlock()
		a.shrink()
	}
	close(mine.done)
}

// shrink drops results until they are within the budget, one shard's oldest after
// another's: ids are hashed, so these are about the oldest of all.
func (a *activations) shrink() {
	for a.bytes.Load() > a.budget.Load() {
		s := &a.shards[a.next.Add(1)%activationShards]
		a.bytes.Add(-s.drop())
	}
}

// left is called when a caller's connection broke: after the grace, a run that
// nobody waits for is cancelled.
func (a *activations) left(key activationKey, of *activation, grace time.Duration) {
	time.AfterFunc(grace, func() {
		s := a.shard(key.hash())
		s.mu.Lock()
		of.callers--
		last := of.callers == 0
		s.mu.Unlock()
		if last {
			of.cancel(errCancelled)
		}
	})
}

// cancel ends an activation in flight, if there is one.
func (a *activations) cancel(key activationKey) {
	id := key.hash()
	s := a.shard(id)
	s.mu.Lock()
	running := s.running[id]
	s.mu.Unlock()
	if running != nil {
		running.cancel(errCancelled)
	}
}

// sweep forgets what has been remembered for long enough.
func (a *activations) sweep(now time.Time) {
	for i := range a.shards {
		n, bytes := a.shards[i].forget(now.Unix())
		a.count.Add(-int64(n))
		a.bytes.Add(-bytes)
	}
}
