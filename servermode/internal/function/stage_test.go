package function_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// watcher records the stages of one run or init, which one goroutine reports.
type watcher struct {
	noSink
	stages []function.Stage
}

func (w *watcher) Enter(s function.Stage) { w.stages = append(w.stages, s) }

func TestFunction_TellsWhatARunIsAt(t *testing.T) {
	b := newBench(1)
	run := func() *watcher {
		w := &watcher{}
		_, err := b.Run(context.Background(), b.key, "a", []byte("x"), w)
		assert.NoError(t, err)
		return w
	}
	inits := &watcher{}
	require.NoError(t, b.Init(t.Context(), b.key, "a", function.Info{Name: "f"}, func() (function.Program, error) { return b.program, nil }, inits))
	assert.Equal(t, []function.Stage{function.StageWait}, inits.stages, "for a place; the program reports the rest")
	assert.Equal(t, []function.Stage{function.StageExecute}, run().stages, "an idle instance was there")

	entered, release := b.blockRuns()
	var all sync.WaitGroup
	all.Go(func() { run() })
	<-entered
	all.Go(func() {
		assert.Equal(t, []function.Stage{function.StageWait, function.StageExecute}, run().stages, "it was in the queue")
	})
	b.eventually(t, func() bool { return b.List("")[0].Waiting == 1 })
	release()
	all.Wait()
	b.Sweep(b.clock.forward(keepAlive))
	b.eventually(t, func() bool { return b.state() == "cold" })
	assert.Equal(t, []function.Stage{function.StageWait, function.StageExecute}, run().stages, "its instance had to be started")
	assert.Equal(t, "f", b.Info(b.key).Name)
	assert.Empty(t, b.Info(function.Key{Tenant: "other"}).Name)
}
