package function_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// Inits, runs, stops, crashes and sweeps happen at once. Every run gets its own
// answer or a refusal, and in the end nothing is left.
func TestTable_SurvivesEverythingAtOnce(t *testing.T) {
	b := newBench(2)
	b.run = func(_ context.Context, i *instance, line string) (string, bool, error) {
		if rand.IntN(10) == 0 {
			i.dead.Store(true)
			return "", false, errBroken
		}
		return line, false, nil
	}
	b.start = func(context.Context, int) error {
		if rand.IntN(20) == 0 {
			return errBroken
		}
		return nil
	}
	known := []error{errBroken, function.ErrUnknown, function.ErrSaturated}
	var all sync.WaitGroup
	for worker := range 8 {
		lease := strconv.Itoa(worker)
		all.Go(func() {
			for n := range 300 {
				_ = b.init(context.Background(), lease)
				line := lease + "/" + strconv.Itoa(n)
				out, err := b.Run(context.Background(), b.key, lease, []byte(line), noSink{})
				if err != nil {
					assert.True(t, isOneOf(err, known), "%v", err)
				} else {
					assert.Equal(t, line, string(out))
				}
				switch rand.IntN(4) {
				case 0:
					b.Stop(b.key, lease)
				case 1:
					b.Sweep(b.clock.forward(keepAlive / 4))
				}
			}
		})
	}
	all.Wait()
	require.NoError(t, b.Drain(t.Context()))
	assert.EqualValues(t, 0, b.live.Load())
	assert.EqualValues(t, 0, b.Load().InFlight.Load())
	assert.EqualValues(t, 0, b.Load().Queued.Load())
}

func isOneOf(err error, known []error) bool {
	for _, k := range known {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}
