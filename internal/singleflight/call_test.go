package singleflight_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/internal/singleflight"
)

func TestCall_LastIsCalledOnceWithoutWaiters(t *testing.T) {
	times := 0
	c := &singleflight.Call[string]{}
	c.Begin(func() { times++ })
	c.Join()
	c.Leave()
	assert.Zero(t, times)
	c.Leave()
	assert.Equal(t, 1, times)
	assert.Zero(t, c.End("", nil), "no caller is left")
}

func TestCall_WaitersGetTheOutcome(t *testing.T) {
	c, broken := &singleflight.Call[string]{}, errors.New("broken")
	c.Begin(func() { t.Error("they waited to the end") })
	ctx, leave := context.WithCancel(t.Context())
	c.Join()
	assert.Equal(t, 2, c.Waiters())
	assert.Equal(t, 2, c.End("v", broken))
	<-c.Done()
	assert.NoError(t, c.Wait(t.Context()))
	leave()
	assert.NoError(t, c.Wait(ctx), "the outcome is there")
	value, err := c.Outcome()
	assert.Equal(t, "v", value)
	assert.Equal(t, broken, err)
	c.Leave()
	c.Leave()
}

func TestCall_WaiterLeaves(t *testing.T) {
	left := 0
	c, gone := &singleflight.Call[string]{}, errors.New("gone")
	c.Begin(func() { left++ })
	ctx, leave := context.WithCancelCause(t.Context())
	leave(gone)
	assert.Equal(t, gone, c.Wait(ctx))
	assert.Zero(t, c.Waiters())
	assert.Equal(t, 1, left)
}
