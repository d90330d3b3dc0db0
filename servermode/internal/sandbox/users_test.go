package sandbox_test

import (
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

func acquireAll(t *testing.T, users *sandbox.Users) (all []*sandbox.User) {
	t.Helper()
	for {
		u, err := users.Acquire()
		if err != nil {
			require.ErrorIs(t, err, sandbox.ErrNoUser)
			return all
		}
		all = append(all, u)
	}
}

func TestUsers_DistinctUntilNoneIsLeft(t *testing.T) {
	seen := map[uint32]bool{}
	for _, u := range acquireAll(t, claim(t)) {
		assert.False(t, seen[u.ID], u.ID)
		seen[u.ID] = true
	}
	assert.GreaterOrEqual(t, len(seen), 256)
}

func TestUsers_LongestUnusedFirst(t *testing.T) {
	users := claim(t)
	all := acquireAll(t, users)
	for _, i := range []int{7, 3, 5} {
		users.Release(all[i])
		users.Release(all[i]) // counts once
	}
	users.Release(nil)
	var ids []uint32
	for _, u := range acquireAll(t, users) {
		ids = append(ids, u.ID)
	}
	assert.Equal(t, []uint32{all[7].ID, all[3].ID, all[5].ID}, ids)
}

func TestUsers_TwoServersHaveDifferentBlocks(t *testing.T) {
	ids := map[uint32]bool{}
	total := 0
	for range 2 {
		all := acquireAll(t, claim(t))
		total += len(all)
		for _, u := range all {
			ids[u.ID], ids[u.ID+1] = true, true // the second is its reaper's
		}
	}
	assert.Len(t, ids, 2*total)
}

// Servers of one host with separate networks know of each other's blocks.
func TestUsers_ABlockIsKnownInOtherNetworks(t *testing.T) {
	here, err := claim(t).Acquire()
	require.NoError(t, err)
	var users *sandbox.Users
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never given back: the thread ends with the goroutine
		err := syscall.Unshare(syscall.CLONE_NEWNET)
		if err == nil {
			users, err = sandbox.ClaimUsers()
		}
		done <- err
	}()
	require.NoError(t, <-done)
	defer users.Close()
	there, err := users.Acquire()
	require.NoError(t, err)
	assert.NotEqual(t, here.ID, there.ID)
}

func TestUsers_BlockIsFreeAfterClose(t *testing.T) {
	first := claim(t)
	before, err := first.Acquire()
	require.NoError(t, err)
	require.NoError(t, first.Close())
	for { // another server may hold or free an earlier block meanwhile
		users := claim(t)
		after, err := users.Acquire()
		require.NoError(t, err)
		if after.ID >= before.ID {
			assert.Equal(t, before.ID, after.ID)
			return
		}
	}
}
