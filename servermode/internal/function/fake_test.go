package function_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

var errBroken = errors.New("broken")

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) forward(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

type noSink struct{}

func (noSink) Log(runtimespec.Stream, []byte) {}

// program starts instances that behave as the test says.
type program struct {
	start  func(ctx context.Context, n int) error // of the n-th start; nil: succeeds
	run    func(ctx context.Context, i *instance, line string) (string, bool, error)
	starts atomic.Int32
	live   atomic.Int32
	most   atomic.Int32
	closed atomic.Int32
	stuck  chan struct{} // set: an instance ends only once it is closed

	concurrency int          // instances that share one process
	memory      int64        // of each
	asked       atomic.Int32 // how often memory was read
	pids        int          // its processes' pids are above it
}

func (p *program) Start(ctx context.Context, _ function.Sink) (function.Instance, error) {
	n := int(p.starts.Add(1))
	if p.start != nil {
		if err := p.start(ctx, n); err != nil {
			return nil, err
		}
	}
	if live := p.live.Add(1); live > p.most.Load() {
		p.most.Store(live)
	}
	return &instance{p: p, pid: p.pids + (n+p.Concurrency()-1)/p.Concurrency()}, nil
}

func (p *program) Concurrency() int { return max(1, p.concurrency) }

func (p *program) Close() { p.closed.Add(1) }

type instance struct {
	p     *program
	pid   int
	dead  atomic.Bool
	busy  atomic.Bool
	place atomic.Int32 // as it was told last
	once  sync.Once
}

func (i *instance) Run(ctx context.Context, line []byte, _ function.Sink) ([]byte, bool, error) {
	if !i.busy.CompareAndSwap(false, true) {
		panic("two runs at once on one instance")
	}
	defer i.busy.Store(false)
	if i.p.run == nil {
		return line, false, nil
	}
	out, retry, err := i.p.run(ctx, i, string(line))
	return []byte(out), retry, err
}

func (i *instance) Alive() bool                       { return !i.dead.Load() }
func (i *instance) PID() int                          { return i.pid }
func (i *instance) Memory() int64                     { i.p.asked.Add(1); return i.p.memory }
func (i *instance) Yield(place func() function.Place) { i.place.Store(int32(place())) }
func (i *instance) Close() {
	i.dead.Store(true)
	if i.p.stuck != nil {
		<-i.p.stuck
	}
	i.once.Do(func() { i.p.live.Add(-1) })
}

// bench is a table with one function whose instances the test controls.
type bench struct {
	*function.Table
	*program
	clock *clock
	key   function.Key
}

const (
	keepAlive = 10 * time.Minute
	lease     = 30 * time.Minute
	queue     = 2
)

func newBench(instances int) *bench {
	b := &bench{program: &program{}, clock: &clock{now: time.Unix(1000, 0)}, key: function.Key{Tenant: "t", Identity: runtimespec.Identity{1}}}
	b.Table = function.NewTable(function.Config{
		Instances: instances, Queue: queue, KeepAlive: keepAlive, Lease: lease, Now: b.clock.Now,
	})
	return b
}

func (b *bench) init(ctx context.Context, lease string) error {
	return b.Init(ctx, b.key, lease, function.Info{Name: "f"}, func() (function.Program, error) { return b.program, nil }, noSink{})
}

func (b *bench) activate(ctx context.Context, line string) (string, error) {
	out, err := b.Run(ctx, b.key, "a", []byte(line), noSink{})
	return string(out), err
}

// state is the function's state, "" when the table does not know it.
func (b *bench) state() string {
	if list := b.List(""); len(list) > 0 {
		return list[0].State.String()
	}
	return ""
}

func (b *bench) eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, 10*time.Second, time.Millisecond)
}

// blockRuns makes runs wait until the returned function is called.
func (b *bench) blockRuns() (entered chan string, release func()) {
	entered, gate := make(chan string, 100), make(chan struct{})
	b.run = func(ctx context.Context, _ *instance, line string) (string, bool, error) {
		entered <- line
		select {
		case <-gate:
			return line, false, nil
		case <-ctx.Done():
			return "", false, context.Cause(ctx)
		}
	}
	return entered, sync.OnceFunc(func() { close(gate) })
}
