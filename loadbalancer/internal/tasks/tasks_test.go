package tasks_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/tasks"
)

func TestGroup_CloseEndsAndAwaitsAll(t *testing.T) {
	g := tasks.New()
	ended := false
	g.Go(func() { <-g.Done(); ended = true })
	g.Close()
	assert.True(t, ended)
}

func TestGroup_AfterCloseThereIsNoGoroutineMore(t *testing.T) {
	g := tasks.New()
	g.Close()
	done := false
	g.Go(func() { done = g.Err() != nil })
	assert.True(t, done, "it is done before Go returns, with a context that has ended")
}
