package function_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// Instances that share a process take that many runs at once, and count as one
// process.
func TestFunction_InstancesThatShareAProcess(t *testing.T) {
	b := newBench(1)
	b.concurrency = 3
	entered, release := b.blockRuns()
	require.NoError(t, b.init(t.Context(), "a"))
	var all sync.WaitGroup
	for range 3 + queue {
		all.Go(func() { _, err := b.activate(context.Background(), "x"); assert.NoError(t, err) })
	}
	for range 3 {
		<-entered
	}
	b.eventually(t, func() bool { return b.List("")[0].Waiting == queue })
	_, err := b.activate(t.Context(), "one too many")
	require.ErrorIs(t, err, function.ErrSaturated)
	list := b.List("")
	require.Len(t, list[0].Instances, 1, "it is one process")
	assert.True(t, list[0].Instances[0].Busy)
	assert.EqualValues(t, 1, list[0].Starts)
	release()
	all.Wait()

	list = b.List("")
	require.Len(t, list[0].Instances, 1)
	assert.False(t, list[0].Instances[0].Busy)
	assert.EqualValues(t, 3+queue, list[0].Instances[0].Runs)
	b.Sweep(b.clock.forward(keepAlive))
	list = b.List("")
	assert.EqualValues(t, 1, list[0].Evictions)
	assert.Equal(t, "cold", b.state())
	b.eventually(t, func() bool { return b.live.Load() == 0 })
}
