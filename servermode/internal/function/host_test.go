package function_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// The host's queue is shared: a tenant that floods it leaves room for others.
func TestHost_QueueIsSharedAmongTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 1, QueueTotal: 10}))
		flood, quiet := s.function("flood", 1, function.Wish{}, 0, time.Second), s.function("quiet", 1, function.Wish{}, 0, time.Second)
		refused := make(chan error, 100)
		for range 20 {
			go func() {
				if _, err := flood.activate(context.Background(), "x"); err != nil {
					refused <- err
				}
			}()
		}
		synctest.Wait()
		assert.Len(t, refused, 14, "one runs, five wait")
		require.ErrorIs(t, <-refused, function.ErrSaturated)
		assert.Equal(t, 2*time.Second, quiet.burst(t, 2))
	})
}

func TestHost_EvictsWhatIsIdleForLongestToMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 4, Processes: 2}))
		old := s.function("t", 1, function.Wish{}, 0, time.Millisecond)
		time.Sleep(time.Second)
		fresh := s.function("t", 2, function.Wish{}, 0, time.Millisecond)
		time.Sleep(time.Second)
		third := s.function("u", 3, function.Wish{}, 0, time.Millisecond)
		synctest.Wait()
		assert.EqualValues(t, 0, old.live.Load())
		assert.EqualValues(t, 1, fresh.live.Load())
		assert.EqualValues(t, 1, third.live.Load())
		assert.Zero(t, old.asked.Load()+fresh.asked.Load(), "memory is not looked at where only places are short")
		old.burst(t, 1) // comes back, at the expense of another
		synctest.Wait()
		assert.EqualValues(t, 0, fresh.live.Load())
	})
}

// A tenant that holds every process gives one up when its run ends, although its own
// queue could use it.
func TestHost_FloodedHostStillServesOthers(t *testing.T) {
	for name, tenant := range map[string]string{"another tenant": "quiet", "the same tenant": "flood"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSleeping(t, pool(function.Config{Instances: 4, Processes: 4}))
				flood := s.function("flood", 1, function.Wish{}, 0, time.Second)
				ctx, stop := context.WithCancel(t.Context())
				var all sync.WaitGroup
				for range 20 {
					all.Go(func() {
						for ctx.Err() == nil {
							_, _ = flood.activate(ctx, "x")
						}
					})
				}
				time.Sleep(10 * time.Second)
				require.EqualValues(t, 4, flood.live.Load())
				started := time.Now()
				quiet := s.function(tenant, 2, function.Wish{}, 0, 10*time.Millisecond)
				assert.LessOrEqual(t, time.Since(started), time.Second, "the next run that ends makes room")
				assert.LessOrEqual(t, quiet.burst(t, 1), 20*time.Millisecond)
				assert.EqualValues(t, 3, flood.live.Load())
				stop()
				all.Wait()
			})
		})
	}
}

func TestHost_StartsOnlySoManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 8, Starts: 2}))
		var all sync.WaitGroup
		started := time.Now()
		for n := range 6 {
			all.Go(func() { s.function("t", byte(n), function.Wish{}, time.Second, 0) })
		}
		all.Wait()
		assert.Equal(t, 3*time.Second, time.Since(started))
	})
}

// A long start, which builds something, does not hold up the next start.
func TestHost_LongStartsDoNotBlockOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 1, Starts: 1}))
		var all sync.WaitGroup
		all.Go(func() { s.function("slow", 1, function.Wish{}, time.Hour, 0) })
		synctest.Wait()
		started := time.Now()
		s.function("quick", 2, function.Wish{}, 0, 0)
		assert.LessOrEqual(t, time.Since(started), time.Second)
		all.Wait()
	})
}

// Starts that wait for a place are queued like runs, and the queue is bounded.
func TestHost_StartsThatWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 1, Processes: 1, QueueTotal: 4}))
		first := s.function("t", 1, function.Wish{}, 0, time.Minute)
		go func() { _, _ = first.activate(context.Background(), "x") }()
		synctest.Wait()
		var all sync.WaitGroup
		var refused, ready atomic.Int32
		for n := range 10 {
			b := &bench{Table: s.Table, program: &program{}, key: function.Key{Tenant: "t", Identity: runtimespec.Identity{byte(n + 2)}}}
			all.Go(func() {
				if err := b.init(context.Background(), "a"); err == nil {
					ready.Add(1)
				} else if assert.ErrorIs(t, err, function.ErrSaturated) {
					refused.Add(1)
				}
			})
		}
		all.Wait()
		assert.EqualValues(t, 8, refused.Load())
		assert.EqualValues(t, 2, ready.Load())
	})
}

func TestHost_NoPlaceInTimeIsNotStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSleeping(t, pool(function.Config{Instances: 1, Processes: 1}))
		first := s.function("t", 1, function.Wish{}, 0, time.Hour)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _, _ = first.activate(ctx, "x") }()
		synctest.Wait()
		second := &bench{Table: s.Table, program: &program{}, key: function.Key{Tenant: "t", Identity: runtimespec.Identity{2}}}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, second.init(short, "a"), function.ErrExpired)
		assert.Zero(t, second.starts.Load())
		stop()
		require.NoError(t, second.init(t.Context(), "a"))
	})
}

func TestHost_ShortOfMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		memory := function.Memory{Available: 1000, Reserve: 100}
		set := func(available int64) { mu.Lock(); memory.Available = available; mu.Unlock() }
		s := newSleeping(t, pool(function.Config{Instances: 1, Memory: func() function.Memory { mu.Lock(); defer mu.Unlock(); return memory }}))
		var all []*bench
		for n := range 3 {
			b := s.function("t", byte(n), function.Wish{}, 0, time.Second)
			b.memory = 30
			all = append(all, b)
			time.Sleep(time.Second)
		}
		set(60) // 40 short
		s.Sweep(time.Now())
		synctest.Wait()
		assert.EqualValues(t, 0, all[0].live.Load())
		assert.EqualValues(t, 0, all[1].live.Load())
		assert.EqualValues(t, 1, all[2].live.Load(), "two give back enough")

		go func() { _, _ = all[2].activate(context.Background(), "x") }()
		synctest.Wait()
		answer := make(chan error, 1)
		go func() { _, err := all[0].activate(context.Background(), "x"); answer <- err }()
		synctest.Wait()
		assert.EqualValues(t, 0, all[0].live.Load(), "nothing is started meanwhile")
		set(1000)
		s.Sweep(time.Now())
		require.NoError(t, <-answer)
	})
}

// Many functions of several tenants share a host with little room. None is
// forgotten, the limit holds, and in the end every place is free.
func TestHost_SurvivesEverythingAtOnce(t *testing.T) {
	const places = 3
	table := function.NewTable(function.Config{
		Instances: 3, Queue: 20, Processes: places, Starts: 2, KeepAlive: time.Millisecond, Lease: time.Hour, GrowAfter: time.Microsecond,
	})
	shared := &program{run: func(_ context.Context, i *instance, line string) (string, bool, error) {
		if rand.IntN(20) == 0 {
			i.dead.Store(true)
			return "", false, errBroken
		}
		return line, false, nil
	}}
	known := []error{errBroken, function.ErrUnknown, function.ErrSaturated}
	var all sync.WaitGroup
	for n := range 8 {
		key := function.Key{Tenant: strconv.Itoa(n % 3), Identity: runtimespec.Identity{byte(n)}}
		for worker := range 3 {
			all.Go(func() {
				lease := strconv.Itoa(worker)
				for k := range 100 {
					err := table.Init(context.Background(), key, lease, function.Info{}, func() (function.Program, error) { return shared, nil }, noSink{})
					line := lease + "/" + strconv.Itoa(k)
					if err == nil {
						var out []byte
						if out, err = table.Run(context.Background(), key, lease, []byte(line), noSink{}); err == nil {
							assert.Equal(t, line, string(out))
						}
					}
					if err != nil {
						assert.True(t, isOneOf(err, known), "%v", err)
					}
					switch rand.IntN(8) {
					case 0:
						table.Stop(key, lease)
					case 1:
						table.Sweep(time.Now())
					}
				}
			})
		}
	}
	all.Wait()
	assert.LessOrEqual(t, shared.most.Load(), int32(places))
	require.NoError(t, table.Drain(t.Context()))
	assert.EqualValues(t, 0, shared.live.Load())
	assert.Equal(t, function.Accounts{}, table.Accounts())
}
