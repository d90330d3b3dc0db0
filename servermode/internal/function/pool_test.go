package function_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// sleeping is a table, in a bubble with its own time, with functions whose runs take
// as long as the test says.
type sleeping struct {
	*function.Table
	t *testing.T
}

func newSleeping(t *testing.T, cfg function.Config) *sleeping {
	s := &sleeping{function.NewTable(cfg), t}
	t.Cleanup(func() { require.NoError(t, s.Drain(context.Background())) })
	return s
}

// function adds a function whose starts and runs take so long.
func (s *sleeping) function(tenant string, n byte, wish function.Wish, start, run time.Duration) *bench {
	b := &bench{Table: s.Table, program: &program{pids: 1000 * int(n)}, key: function.Key{Tenant: tenant, Identity: runtimespec.Identity{n}}}
	b.start = func(context.Context, int) error { time.Sleep(start); return nil }
	b.run = func(ctx context.Context, _ *instance, line string) (string, bool, error) {
		select {
		case <-time.After(run):
			return line, false, nil
		case <-ctx.Done():
			return "", false, context.Cause(ctx)
		}
	}
	info := function.Info{Name: tenant, Wish: wish}
	require.NoError(s.t, s.Init(context.Background(), b.key, "a", info, func() (function.Program, error) { return b.program, nil }, noSink{}))
	return b
}

// burst runs n activations at once and returns how long all took.
func (b *bench) burst(t *testing.T, n int) time.Duration {
	started := time.Now()
	var all sync.WaitGroup
	for range n {
		all.Go(func() { _, err := b.activate(context.Background(), "x"); assert.NoError(t, err) })
	}
	all.Wait()
	return time.Since(started)
}

func pool(cfg function.Config) function.Config {
	cfg.Queue, cfg.KeepAlive, cfg.Lease, cfg.GrowAfter = max(cfg.Queue, 100), keepAlive, lease, 10*time.Millisecond
	return cfg
}

func TestPool_GrowsWhenTheQueueHasWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 16}))
		b := s.function("t", 1, function.Wish{}, 5*time.Millisecond, 100*time.Millisecond)
		took := b.burst(t, 16)
		assert.EqualValues(t, 16, b.live.Load())
		assert.Less(t, took, 150*time.Millisecond, "one after the other they take 1.6 s")
		assert.Equal(t, 100*time.Millisecond, b.burst(t, 16))
	})
}

func TestPool_DoesNotGrowForQuickRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 16}))
		b := s.function("t", 1, function.Wish{}, 5*time.Millisecond, time.Millisecond)
		b.burst(t, 8)
		assert.EqualValues(t, 1, b.live.Load(), "waiting cost less than a start")
	})
}

// A long start is worth it only when as much time was waited in all.
func TestPool_CostlyStartsNeedMoreWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 16}))
		b := s.function("t", 1, function.Wish{}, 30*time.Second, 100*time.Millisecond)
		b.burst(t, 8) // 2.8 s waited in all
		assert.EqualValues(t, 1, b.live.Load())
		b.burst(t, 40) // 78 s
		assert.Greater(t, b.starts.Load(), int32(1))
	})
}

func TestPool_AuthorsWishIsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 1}))
		b := s.function("t", 1, function.Wish{Instances: 3}, 0, 100*time.Millisecond)
		b.burst(t, 9)
		assert.EqualValues(t, 3, b.most.Load())
		assert.Equal(t, 3, b.List("")[0].Most)
	})
}

func TestPool_SurplusIsGivenUpFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 4}))
		b := s.function("t", 1, function.Wish{}, 0, 100*time.Millisecond)
		b.burst(t, 4)
		require.EqualValues(t, 4, b.live.Load())
		time.Sleep(keepAlive / 10)
		s.Sweep(time.Now())
		synctest.Wait()
		assert.EqualValues(t, 1, b.live.Load(), "the last one is kept")
		time.Sleep(keepAlive)
		s.Sweep(time.Now())
		synctest.Wait()
		assert.EqualValues(t, 0, b.live.Load())
		assert.EqualValues(t, 4, b.List("")[0].Evictions)
	})
}

func TestPool_KeepAliveOfTheAuthor(t *testing.T) {
	none, forever := time.Duration(0), function.Forever
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 2}))
		short := s.function("t", 1, function.Wish{KeepAlive: &none}, 0, time.Millisecond)
		long := s.function("t", 2, function.Wish{KeepAlive: &forever}, 0, time.Millisecond)
		short.burst(t, 1)
		long.burst(t, 1)
		synctest.Wait()
		assert.EqualValues(t, 0, short.live.Load(), "it ends with its run")
		time.Sleep(lease / 2)
		long.burst(t, 1)
		time.Sleep(lease - time.Second)
		s.Sweep(time.Now())
		synctest.Wait()
		assert.EqualValues(t, 1, long.live.Load())
		time.Sleep(2 * time.Second)
		s.Sweep(time.Now())
		synctest.Wait()
		assert.EqualValues(t, 0, long.live.Load(), "as long as its function")
	})
}

func TestPool_FailedGrowthFailsNoRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 4}))
		b := s.function("t", 1, function.Wish{}, 0, 100*time.Millisecond)
		b.start = func(context.Context, int) error { return errBroken }
		b.burst(t, 20)
		assert.LessOrEqual(t, b.starts.Load(), int32(7), "one try a second, after the first few")
	})
}

func TestPool_FullQueueSaysWhenToComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, function.Config{Instances: 1, Queue: 2, KeepAlive: keepAlive, Lease: lease})
		b := s.function("t", 1, function.Wish{}, 0, time.Second)
		b.burst(t, 1) // now the function knows how long a run takes
		for range 3 {
			go func() { _, _ = b.activate(context.Background(), "x") }()
		}
		synctest.Wait()
		_, err := b.activate(t.Context(), "x")
		var full *function.SaturatedError
		require.ErrorAs(t, err, &full)
		require.ErrorIs(t, err, function.ErrSaturated)
		assert.Equal(t, 3*time.Second, full.RetryAfter)
	})
}

func TestTable_Configure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := pool(function.Config{Instances: 1})
		s := newSleeping(t, cfg)
		b := s.function("t", 1, function.Wish{}, 0, 100*time.Millisecond)
		b.burst(t, 4)
		require.EqualValues(t, 1, b.most.Load())
		cfg.Instances, cfg.KeepAlive = 4, time.Second
		s.Configure(cfg)
		b.burst(t, 8)
		assert.EqualValues(t, 4, b.most.Load())
		time.Sleep(2 * time.Second)
		s.Sweep(time.Now())
		synctest.Wait()
		assert.EqualValues(t, 0, b.live.Load())
	})
}
