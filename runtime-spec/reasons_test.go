package runtimespec_test

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestReasons_AreTheConstants(t *testing.T) {
	var want []runtimespec.Reason
	for value := range maps.Values(constantsOfType(t, "reasons.go", "Reason")) {
		want = append(want, runtimespec.Reason(value))
	}
	slices.Sort(want)
	require.Equal(t, want, runtimespec.Reasons())
}

func TestReason_EveryOneIsAFailureAndFitsAFrame(t *testing.T) {
	token := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, r := range runtimespec.Reasons() {
		require.GreaterOrEqual(t, r.Status(), 400, r)
		require.Less(t, r.Status(), 600, r)
		require.Regexp(t, token, string(r))
		require.LessOrEqual(t, len(r), 64)
	}
}

// Trying again later is only allowed for what was not started, and 503 makes
// the platform send an activation again.
func TestReason_OnlyNotStartedIsRetried(t *testing.T) {
	for _, r := range runtimespec.Reasons() {
		if r.Transient() || r.Status() == 503 {
			require.True(t, r.NotStarted(), r)
		}
	}
}

func TestReason_AnUnknownOnePromisesNothing(t *testing.T) {
	for _, r := range []runtimespec.Reason{"", "later-version", "Saturated"} {
		require.False(t, r.NotStarted())
		require.False(t, r.Transient())
		require.Equal(t, 500, r.Status())
	}
}
