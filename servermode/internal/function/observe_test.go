package function_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// counter is an observer with a single meter.
type counter struct {
	mu      sync.Mutex
	ran     []function.Ran
	refused []error
	starts  int
	evicted []function.Cause
	gone    int
}

func (c *counter) Function(function.Key, function.Info) function.Meter { return c }
func (c *counter) Ran(r function.Ran)                                  { c.mu.Lock(); c.ran = append(c.ran, r); c.mu.Unlock() }
func (c *counter) Refused(err error)                                   { c.mu.Lock(); c.refused = append(c.refused, err); c.mu.Unlock() }
func (c *counter) Started(time.Duration, error)                        { c.mu.Lock(); c.starts++; c.mu.Unlock() }
func (c *counter) Evicted(cause function.Cause) {
	c.mu.Lock()
	c.evicted = append(c.evicted, cause)
	c.mu.Unlock()
}
func (c *counter) Gone() { c.mu.Lock(); c.gone++; c.mu.Unlock() }

func TestTable_TellsItsObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &counter{}
		s := newSleeping(t, function.Config{Instances: 1, Queue: 1, KeepAlive: time.Second, Lease: lease, Observer: seen})
		b := s.function("t", 1, function.Wish{}, time.Second, time.Second)
		go func() { _, _ = b.activate(context.Background(), "1") }()
		synctest.Wait()
		go func() { _, _ = b.activate(context.Background(), "2") }()
		synctest.Wait()
		_, err := b.activate(t.Context(), "3")
		require.ErrorIs(t, err, function.ErrSaturated)
		time.Sleep(4 * time.Second)
		s.Sweep(time.Now())
		_, err = b.activate(t.Context(), "4")
		require.NoError(t, err)
		b.run = func(context.Context, *instance, string) (string, bool, error) { return "", false, errBroken }
		_, _ = b.activate(t.Context(), "5")
		s.Stop(b.key, "a")
		synctest.Wait()
		assert.Equal(t, []function.Ran{
			{Took: time.Second, Result: []byte("1")}, {Queued: time.Second, Took: time.Second, Result: []byte("2")},
			{Queued: time.Second, Took: time.Second, Cold: true, Result: []byte("4")}, {Result: []byte{}, Err: errBroken},
		}, seen.ran)
		require.Len(t, seen.refused, 1)
		require.ErrorIs(t, seen.refused[0], function.ErrSaturated)
		assert.Equal(t, 2, seen.starts)
		assert.Equal(t, []function.Cause{function.CauseIdle}, seen.evicted)
		assert.Equal(t, 1, seen.gone)
	})
}
