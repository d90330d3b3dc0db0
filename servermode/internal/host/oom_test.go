package host_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/host"
)

// A lack of memory is told as the likely cause, as long as it is likely.
func TestOOMWatch_WantOfMemoryIsLikelyWhenTheKernelHasJustEndedSomething(t *testing.T) {
	kills := int64(3)
	watch := host.NewOOMWatch(func() int64 { return kills })
	assert.False(t, watch.Lately(), "nothing was looked at yet")
	watch.Look()
	assert.False(t, watch.Lately(), "long ago")
	kills++
	assert.True(t, watch.Lately())
	watch.Look()
	assert.True(t, watch.Lately(), "the process may be found dead a moment later")
	watch.Look()
	assert.False(t, watch.Lately())
	_, err := os.Stat("/proc/vmstat")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, host.OOMKills(), int64(0))
}
