package host_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/host"
)

// That the kernel had too little memory is told as likely, for as long as it is.
func TestOOMWatch_WantOfMemoryIsLikelyWhenTheKernelHasJustEndedSomething(t *testing.T) {
	kills := int64(3)
	watch := host.NewOOMWatch(func() int64 { return kills })
	assert.False(t, watch.Lately(), "nobody has looked")
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
