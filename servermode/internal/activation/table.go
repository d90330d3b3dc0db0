package activation

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// Reasons why Enter refuses a run, or why a remembered one has no result.
var (
	ErrFull       = errors.New("the server remembers as many activations as it may (--activations)")
	ErrUnknown    = errors.New("the activation is not known here: it ended long ago, or never came")
	ErrResultGone = errors.New("the activation was executed; its result is no longer kept (--result-cache)")
)

// Key names an activation of one tenant's function.
type Key struct {
	function.Key
	ID string
}

// id is a Key, hashed: millions may be remembered.
type id [16]byte

func (k Key) hash() (out id) {
	raw := make([]byte, 0, 256)
	raw = binary.BigEndian.AppendUint32(raw, uint32(len(k.Tenant)))
	raw = append(append(append(raw, k.Tenant...), k.Identity[:]...), k.ID...)
	sum := sha256.Sum256(raw)
	copy(out[:], sum[:])
	return out
}

// Table holds the runs in flight and remembers those that ended a while ago. It
// forgets none of them early: a full table refuses new runs.
type Table struct {
	keep   func(error) (kept error, remember bool)
	shards [shards]shard
	count  atomic.Int64 // in flight with an id, or remembered
	most   atomic.Int64
	budget atomic.Int64  // bytes of results that may be kept
	bytes  atomic.Int64  // bytes of results that are kept
	next   atomic.Uint32 // shard whose oldest result is dropped next
}

// shards is the number of parts, so that callers rarely wait for each other.
const shards = 32

// New returns a table of at most most runs and budget bytes of results. For a failed
// run keep returns the error to remember, and whether to remember the run at all: a
// run that was not started may be tried again.
func New(most int, budget int64, keep func(error) (kept error, remember bool)) *Table {
	t := &Table{keep: keep}
	t.SetLimits(most, budget)
	for i := range t.shards {
		t.shards[i] = shard{inFlight: map[id]*Run{}, ended: map[id]record{}, due: map[int64][]id{}}
	}
	return t
}

// SetLimits changes how many runs and how many bytes of results are kept.
func (t *Table) SetLimits(most int, budget int64) {
	t.most.Store(int64(most))
	t.budget.Store(budget)
}

// Len returns how many runs are in flight or remembered.
func (t *Table) Len() int64 { return t.count.Load() }

func (t *Table) shard(of id) *shard { return &t.shards[of[0]%shards] }

// Enter records a new run (first), or returns the run in flight or remembered that
// has its key. It is remembered until then; zero: only while it runs. A run without
// an id is always new. A run that was sent before (again) but is unknown is refused.
func (t *Table) Enter(parent context.Context, key Key, until time.Time, again bool) (run *Run, first bool, err error) {
	if key.ID == "" {
		if again {
			return nil, false, ErrUnknown
		}
		return newRun(parent, until), true, nil
	}
	hash := key.hash()
	s := t.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if running, ok := s.inFlight[hash]; ok {
		running.Join()
		return running, false, nil
	}
	if ended, ok := s.ended[hash]; ok {
		return ended.run(), false, nil
	}
	switch {
	case again:
		return nil, false, ErrUnknown
	case t.count.Load() >= t.most.Load():
		return nil, false, ErrFull
	}
	t.count.Add(1)
	run = newRun(parent, until)
	run.id, run.named = hash, true
	s.inFlight[hash] = run
	return run, true, nil
}

// Finish gives a run its outcome, for callers that joined it or ask again later.
func (t *Table) Finish(run *Run, result []byte, err error) {
	run.cancel(nil)
	if run.named {
		t.record(run, result, err)
	}
	run.End(result, err)
}

func (t *Table) record(run *Run, result []byte, err error) {
	remember := !run.until.IsZero()
	if remember && err != nil {
		err, remember = t.keep(err)
	}
	s := t.shard(run.id)
	s.mu.Lock()
	delete(s.inFlight, run.id)
	if remember {
		t.bytes.Add(s.remember(run, result, err, t.budget.Load()))
	} else {
		t.count.Add(-1)
	}
	s.mu.Unlock()
	t.shrink()
}

// shrink drops results until they fit into the budget. It takes the oldest result of
// one shard after another: ids are hashed, so these are about the oldest of all.
func (t *Table) shrink() {
	for t.bytes.Load() > t.budget.Load() {
		t.bytes.Add(-t.shards[t.next.Add(1)%shards].drop())
	}
}

// Cancel ends a run in flight, if there is one.
func (t *Table) Cancel(key Key) {
	hash := key.hash()
	s := t.shard(hash)
	s.mu.Lock()
	running := s.inFlight[hash]
	s.mu.Unlock()
	if running != nil {
		running.Cancel()
	}
}

// Sweep forgets the runs that have been remembered long enough.
func (t *Table) Sweep(now time.Time) {
	for i := range t.shards {
		n, bytes := t.shards[i].forget(now.Unix())
		t.count.Add(-int64(n))
		t.bytes.Add(-bytes)
	}
}

// Callers returns how many callers wait for runs in flight. A run without callers
// counts once.
func (t *Table) Callers() (n int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		for _, run := range s.inFlight {
			n += max(run.Waiters(), 1)
		}
		s.mu.Unlock()
	}
	return n
}
