package build_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/build"
)

// gated returns an order that starts, says so and waits.
func gated(tenant, key string, started chan<- string, gate <-chan struct{}) build.Order {
	return build.Order{Tenant: tenant, Key: key, Make: func(ctx context.Context, _ *build.Job) error {
		started <- tenant + key
		select {
		case <-gate:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}}
}

func TestBuilder_TimeStartsWithTheSlot(t *testing.T) {
	r := newRig(t, func(c *build.Config) { c.AtOnce, c.Timeout = 1, 2*time.Second })
	started, gate, done := make(chan string, 2), make(chan struct{}), make(chan error, 2)
	for _, key := range []string{"1", "2"} {
		go func() { _, err := r.Get(t.Context(), gated("t", key, started, gate), &output{}); done <- err }()
	}
	<-started
	require.ErrorContains(t, <-done, "took too long", "the first never ends")
	<-started
	close(gate)
	require.NoError(t, <-done, "the second has all its time, however long it waited")
}

func TestBuilder_OneTenantLeavesASlotToOthers(t *testing.T) {
	r := newRig(t, func(c *build.Config) { c.AtOnce = 2 })
	started, gate, done := make(chan string, 4), make(chan struct{}), make(chan error, 4)
	order := func(tenant, key string, out *output) {
		go func() { _, err := r.Get(t.Context(), gated(tenant, key, started, gate), out); done <- err }()
	}
	order("greedy", "1", &output{})
	require.Equal(t, "greedy1", <-started)
	waits := &output{}
	order("greedy", "2", waits)
	eventually(t, "its second waits", func() bool { return strings.Contains(waits.String(), "waiting for other builds") })
	order("other", "1", &output{})
	require.Equal(t, "other1", <-started)
	close(gate)
	for range 3 {
		require.NoError(t, <-done)
	}
}

func TestBuilder_RefusesATenantsEndlessOrders(t *testing.T) {
	r := newRig(t)
	started, gate, done := make(chan string, 40), make(chan struct{}), make(chan error, 40)
	for n := range 17 {
		go func() {
			_, err := r.Get(t.Context(), gated("greedy", fmt.Sprint(n), started, gate), &output{})
			done <- err
		}()
	}
	require.ErrorIs(t, <-done, build.ErrBusy)
	go func() { _, err := r.Get(t.Context(), gated("other", "1", started, gate), &output{}); done <- err }()
	for name := range started {
		if name == "other1" {
			break
		}
	}
	close(gate)
	for range 17 {
		require.NoError(t, <-done)
	}
}

func TestBuilder_SizeIsWhatTheDiskHolds(t *testing.T) {
	r := newRig(t, func(c *build.Config) { c.MaxBytes = 8 << 20 })
	first, err := r.Get(t.Context(), shell("first", `echo made >"$1/file"`), &output{})
	require.NoError(t, err)
	first.Release()
	sparse, err := r.Get(t.Context(), shell("sparse", `truncate -s 1G "$1/file"`), &output{})
	require.NoError(t, err)
	sparse.Release()
	assert.FileExists(t, filepath.Join(first.Dir, "file"))
	_, err = r.Get(t.Context(), shell("large", `head -c 9000000 /dev/zero >"$1/file"`), &output{})
	require.ErrorContains(t, err, "more than this server keeps: 8388608")
	assert.FileExists(t, filepath.Join(first.Dir, "file"), "nothing was evicted for it")
	made, err := os.ReadDir(filepath.Join(r.cfg.Dir, "made"))
	require.NoError(t, err)
	assert.Len(t, made, 2)
}

func TestBuilder_LongOutputIsToldWithItsEnd(t *testing.T) {
	r := newRig(t)
	out := &output{}
	_, err := r.Get(t.Context(), shell("k", `head -c 1200000 /dev/zero | tr '\0' x >&2; echo >&2; echo "what is wrong" >&2; exit 1`), out)
	var exit *build.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, "what is wrong", exit.Cause())
	text := out.String()
	assert.Contains(t, text, "more output of the build is not shown")
	assert.True(t, strings.HasSuffix(text, "what is wrong\n"), "%q", text[len(text)-50:])
	assert.Less(t, len(text), 1<<20+64<<10)
}
