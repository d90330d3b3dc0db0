package zygote

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPause_GrowsToAMinute(t *testing.T) {
	for early, want := range []time.Duration{0, 0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute} {
		assert.Equal(t, want, pause(early), early)
	}
	assert.Equal(t, time.Minute, pause(1_000_000))
}
