package backend

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestCollect_IsWhatMakesSense(t *testing.T) {
	identity := runtimespec.Digest{1}
	name := identity.String()
	all := collect([]listed{
		{name, "a", "one", "cold"}, {name, "a", "one", "ready"}, // behind a balancer it may be at several servers
		{name, "b", "two", "cold"}, {name, "b", "two", "cold"},
		{name, "c", "three", "ready"}, {name, "c", "three", "cold"},
		{name, "d", "four", "draining"}, {"no identity", "e", "five", "ready"}, {name, strings.Repeat("t", 1<<10), "six", "ready"},
	})
	assert.Equal(t, state.Inventory{
		{Tenant: "a", Identity: identity}: {Action: "one"},
		{Tenant: "b", Identity: identity}: {Action: "two", Cold: true},
		{Tenant: "c", Identity: identity}: {Action: "three"},
	}, all)
}

func TestReading_IsPacedByWhatItCosts(t *testing.T) {
	var r reading
	at := time.Unix(1000, 0)
	due := func(after time.Duration) bool { return r.due(pauseChanged, at.Add(after)) }
	assert.True(t, due(0))
	assert.False(t, due(time.Hour), "it is being read")
	r.done(at, 0)
	assert.False(t, due(pauseChanged-1))
	assert.True(t, due(pauseChanged))
	r.done(at, 10*time.Millisecond)
	assert.False(t, due(499*time.Millisecond))
	assert.True(t, due(500*time.Millisecond))
}
