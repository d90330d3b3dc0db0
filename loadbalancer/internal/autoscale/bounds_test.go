package autoscale_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/autoscale"
)

// What was before a restart is not known: a hook may be at work still.
func TestDecider_WaitsOneCoolDownBeforeItActs(t *testing.T) {
	now := time.Unix(1e9, 0)
	for _, s := range []autoscale.Signals{{}, busy} {
		c := &clock{autoscale.NewDecider(cfg, now), t, now}
		a, when := c.after(long, s)
		assert.Equal(t, autoscale.Up, a.Kind)
		assert.Equal(t, time.Minute, when)
	}
}

// A host that takes longer to come than the cool-down is not asked for twice.
func TestDecider_HostsThatWereAskedForCount(t *testing.T) {
	c := newClock(t, cfg)
	up := func(s autoscale.Signals, what string) time.Duration {
		t.Helper()
		a, when := c.after(long, s)
		assert.Equal(t, autoscale.Up, a.Kind, what)
		assert.Equal(t, 3, a.Max)
		c.after(5*time.Minute, s) // the hook takes long
		c.done(false)
		return when
	}
	up(busy, "from two to three")
	assert.Equal(t, 4*time.Minute, up(busy, "it has not come within four cool-downs, and is given up"))
	all := signals(host("a", 4, 0), host("b", 4, 3), host("c", 4, 0))
	a, _ := c.after(long, all)
	assert.Equal(t, autoscale.None, a.Kind, "it has come")
	up(busy, "one has gone")
	a, _ = c.after(2*time.Minute, signals(host("a", 4, 0)))
	assert.Equal(t, autoscale.Up, a.Kind, "another one has gone")
	c.done(true)
	a, _ = c.after(90*time.Second, signals(host("a", 4, 0), host("b", 4, 0)))
	assert.Equal(t, autoscale.None, a.Kind, "one that was there before is none that was asked for")

	c = newClock(t, cfg)
	c.after(long, busy)
	c.Done(fmt.Errorf("no answer: %w", autoscale.ErrOpen), c.now)
	a, when := c.after(long, busy)
	assert.Equal(t, autoscale.Up, a.Kind)
	assert.Equal(t, 4*time.Minute, when, "it may come all the same")
}

func TestDecider_StaleIsNotTakenForIdle(t *testing.T) {
	stale := host("c", 0, 0)
	stale.Stale = true
	loading := host("b", 0, 0)
	loading.Inits = 1
	a, _ := newClock(t, cfg).after(long, signals(host("a", 1, 0), loading, stale))
	assert.Equal(t, autoscale.None, a.Kind)

	c := newClock(t, cfg)
	a, _ = c.after(long, lazy)
	assert.Equal(t, autoscale.Drain, a.Kind)
	a, when := c.after(long, signals(host("a", 1, 0), host("b", 0, 0), parked(stale)))
	assert.Equal(t, autoscale.Resume, a.Kind, "it is not known whether something runs there")
	assert.Equal(t, 5*time.Minute, when)
}

func TestDecider_NobodyGoesWhoIsFixed(t *testing.T) {
	fixed := host("c", 0, 0)
	fixed.Fixed = true
	a, _ := newClock(t, cfg).after(long, signals(host("a", 1, 0), host("b", 0, 0), fixed))
	assert.Equal(t, autoscale.Drain, a.Kind)
	assert.Equal(t, "b", a.Host.Name)
}

func TestDecider_WhatPeopleDrainOrReturnIsTheirs(t *testing.T) {
	a, _ := newClock(t, cfg).after(long, signals(host("a", 1, 0), host("b", 1, 0), byHand(host("c", 0, 0))))
	assert.Equal(t, autoscale.None, a.Kind)
	for what, c3 := range map[string]autoscale.Host{"drained": byHand(host("c", 0, 0)), "returned": host("c", 0, 0)} {
		c := newClock(t, cfg)
		a, _ = c.after(long, lazy)
		assert.Equal(t, "c", a.Host.Name)
		a, _ = c.after(59*time.Second, signals(host("a", 1, 0), host("b", 1, 0), c3))
		assert.Equal(t, autoscale.None, a.Kind, what)
		a, _ = c.after(long, busy)
		assert.Equal(t, autoscale.Up, a.Kind, what)
	}
}

func TestDecider_WhoIsStillThereAfterItsEndGetsWorkAgain(t *testing.T) {
	for name, left := range map[string]autoscale.Signals{
		"still there": signals(host("a", 1, 0), host("b", 1, 0), parked(host("c", 0, 0))),
		"gone":        calm,
	} {
		c := newClock(t, cfg)
		c.after(long, lazy)
		a, _ := c.after(long, signals(host("a", 1, 0), host("b", 0, 0), parked(host("c", 0, 0))))
		assert.Equal(t, autoscale.Down, a.Kind)
		c.done(false)
		a, when := c.after(long, left)
		if name == "gone" {
			assert.Equal(t, autoscale.None, a.Kind)
			continue
		}
		assert.Equal(t, autoscale.Resume, a.Kind)
		assert.Equal(t, time.Minute, when)
	}
}
