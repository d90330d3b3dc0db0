package servermode_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode"
	"github.com/whiskaway/whiskaway/test/harness"
)

// A container that was killed sends no stop. Its function goes when its lease
// expires, and its name is free.
func TestOpenServerless_ANameIsFreeWhenItsFunctionIsGone(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{Lease: 50 * time.Millisecond})
	killed, next := r.peer(), r.peer()
	require.Equal(t, http.StatusOK, killed.Init(foreignInit(harness.OpenServerlessAction, "main", harness.M{"SECRET": "one"})).Status)
	require.Eventually(t, func() bool {
		return next.Init(foreignInit(harness.OpenServerlessAction, "main", harness.M{"SECRET": "two"})).Status == http.StatusOK
	}, harness.Patience, 10*time.Millisecond)
}

// Many containers use one function at once. All are served, and the last stop frees
// it.
func TestOpenServerless_ManyContainersAtOnce(t *testing.T) {
	harness.Needs(t, "python3")
	r := newRig(t, servermode.Config{})
	const n = 12
	done := make(chan bool, n)
	for range n {
		go func() {
			c, ok := r.peer(), true
			defer func() { done <- ok }()
			ok = c.Init(foreignInit(harness.OpenServerlessAction, "main", nil)).Status == http.StatusOK
			for range 5 {
				ok = c.Run(foreignDo("list")).Status == http.StatusOK && ok
			}
			ok = c.Stop().Status == http.StatusOK && ok
		}()
	}
	for range n {
		assert.True(t, <-done)
	}
	resp, err := http.Get("http://" + r.Addr() + "/functions")
	require.NoError(t, err)
	defer resp.Body.Close()
	var list struct{ Functions []harness.Function }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&list))
	assert.Empty(t, list.Functions)
}
