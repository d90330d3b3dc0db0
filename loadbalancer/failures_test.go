package loadbalancer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestFailures_AFloodIsLoggedInPart(t *testing.T) {
	var f failures
	now := time.Unix(1, 0)
	written := 0
	for range 1000 {
		if write, skipped := f.admit(now); write {
			written++
			assert.Zero(t, skipped)
		}
	}
	assert.Equal(t, failuresAtOnce, written)
	write, skipped := f.admit(now.Add(time.Second))
	assert.True(t, write)
	assert.Equal(t, 1000-failuresAtOnce, skipped, "what was left out is told")
	_, skipped = f.admit(now.Add(time.Second))
	assert.Zero(t, skipped, "once")
}
