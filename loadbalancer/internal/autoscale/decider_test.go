package autoscale_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/autoscale"
)

// clock is a decider in a time of its own.
type clock struct {
	*autoscale.Decider
	t   *testing.T
	now time.Time
}

// newClock is one whose first cool-down is over.
func newClock(t *testing.T, cfg autoscale.Config) *clock {
	now := time.Unix(1e9, 0)
	return &clock{autoscale.NewDecider(cfg, now.Add(-max(cfg.CoolDown, 3*time.Minute))), t, now}
}

// after has time pass in steps of a second, with the same signals, and returns
// the first thing that is to be done and when.
func (c *clock) after(limit time.Duration, s autoscale.Signals) (autoscale.Action, time.Duration) {
	for passed := time.Duration(0); ; passed += time.Second {
		if a := c.Next(s, c.now); a.Kind != autoscale.None || passed >= limit {
			return a, passed
		}
		c.now = c.now.Add(time.Second)
	}
}

func (c *clock) done(failed bool) autoscale.Action {
	if failed {
		return c.Done(errors.New("no"), c.now)
	}
	return c.Done(nil, c.now)
}

func host(name string, inFlight, queued int) autoscale.Host {
	return autoscale.Host{Name: name, Ready: true, Slots: 4, InFlight: inFlight, Queued: queued}
}

func signals(all ...autoscale.Host) autoscale.Signals { return autoscale.Signals{Hosts: all} }

// parked is a host that was drained because it goes.
func parked(h autoscale.Host) autoscale.Host { h.Ready, h.Leaving = false, true; return h }

// byHand is a host that people have drained.
func byHand(h autoscale.Host) autoscale.Host { h.Ready = false; return h }

var (
	busy = signals(host("a", 4, 0), host("b", 4, 3))
	calm = signals(host("a", 1, 0), host("b", 1, 0))
	lazy = signals(host("a", 1, 0), host("b", 0, 0), host("c", 0, 0))
	cfg  = autoscale.Config{Min: 1, Max: 3, UpAfter: 30 * time.Second, DownAfter: 2 * time.Minute, CoolDown: time.Minute, DrainFor: 5 * time.Minute}
)

const long = time.Hour

func TestDecider_AsksForOneMoreWhenAllAreSaturatedForLong(t *testing.T) {
	for name, s := range map[string]autoscale.Signals{
		"slots in use":   signals(host("a", 4, 0), host("b", 4, 0)),
		"runs wait":      signals(host("a", 1, 1), host("b", 1, 0)),
		"runs refused":   {Hosts: calm.Hosts, Refused: 1},
		"no server yet":  {Hosts: calm.Hosts, Waiting: 1},
		"nobody there":   {},
		"nobody is well": signals(parked(host("a", 0, 0))),
	} {
		c := newClock(t, autoscale.Config{Max: 3, UpAfter: 30 * time.Second})
		a, when := c.after(long, s)
		assert.Equal(t, autoscale.Up, a.Kind, name)
		assert.Equal(t, 30*time.Second, when, name)
		assert.Contains(t, a.Why, "saturated for 30s", name)
	}
	c := newClock(t, cfg)
	for range 10 { // now and then is not for long
		a, _ := c.after(29*time.Second, busy)
		assert.Equal(t, autoscale.None, a.Kind)
		a, _ = c.after(time.Second, calm)
		assert.Equal(t, autoscale.None, a.Kind)
	}
}

func TestDecider_OneActionAtATimeThenItWaits(t *testing.T) {
	cfg := cfg
	cfg.Max = 9
	c := newClock(t, cfg)
	a, _ := c.after(long, busy)
	assert.Equal(t, autoscale.Up, a.Kind)
	a, _ = c.after(10*time.Minute, busy)
	assert.Equal(t, autoscale.None, a.Kind, "the hook is at work")
	assert.Equal(t, autoscale.None, c.done(false).Kind)
	a, when := c.after(long, busy)
	assert.Equal(t, autoscale.Up, a.Kind)
	assert.Equal(t, time.Minute, when, "the cool-down; they were saturated all along")
	c.done(true)
	a, when = c.after(long, busy)
	assert.Equal(t, autoscale.Up, a.Kind, "a hook that failed is called again")
	assert.Equal(t, time.Minute, when)
}

func TestDecider_KeepsToTheBounds(t *testing.T) {
	c := newClock(t, cfg)
	full := signals(host("a", 4, 9), host("b", 4, 9), host("c", 4, 9))
	a, _ := c.after(long, full)
	assert.Equal(t, autoscale.None, a.Kind, "three are the most")
	a, _ = newClock(t, autoscale.Config{}).after(long, busy)
	assert.Equal(t, autoscale.None, a.Kind, "none is asked for without a bound")
	a, when := newClock(t, autoscale.Config{Min: 2, Max: 3}).after(long, signals(host("a", 0, 0)))
	assert.Equal(t, autoscale.Up, a.Kind)
	assert.Zero(t, when)
	assert.Contains(t, a.Why, "fewer than 2")
	a, _ = newClock(t, autoscale.Config{Min: 3, Max: 3}).after(long, lazy)
	assert.Equal(t, autoscale.None, a.Kind)
	a, _ = newClock(t, cfg).after(long, signals(host("a", 0, 0)))
	assert.Equal(t, autoscale.None, a.Kind, "the last one stays")
}

func TestDecider_DrainsWhoHasNothingToDoBeforeItGoes(t *testing.T) {
	c := newClock(t, cfg)
	a, when := c.after(long, lazy)
	assert.Equal(t, autoscale.Drain, a.Kind)
	assert.Equal(t, "c", a.Host.Name)
	assert.Equal(t, 2*time.Minute, when)
	a, _ = c.after(time.Minute, signals(host("a", 1, 0), host("b", 0, 0), parked(host("c", 1, 0))))
	assert.Equal(t, autoscale.None, a.Kind, "a run was on its way")
	drained := signals(host("a", 1, 0), host("b", 0, 0), parked(host("c", 0, 0)))
	a, when = c.after(long, drained)
	assert.Equal(t, autoscale.Down, a.Kind)
	assert.Equal(t, "c", a.Host.Name)
	assert.Zero(t, when)
	a, _ = c.after(10*time.Minute, drained)
	assert.Equal(t, autoscale.None, a.Kind, "one at a time")
	assert.Equal(t, autoscale.None, c.done(false).Kind)
	a, when = c.after(long, signals(host("a", 1, 0), host("b", 0, 0)))
	assert.Equal(t, autoscale.Drain, a.Kind)
	assert.Equal(t, "b", a.Host.Name)
	assert.Equal(t, time.Minute, when)
}

func TestDecider_NobodyGoesWhoIsNeeded(t *testing.T) {
	a, _ := newClock(t, cfg).after(long, signals(host("a", 4, 0), host("b", 0, 0)))
	assert.Equal(t, autoscale.None, a.Kind, "the other would be saturated")

	c := newClock(t, cfg)
	a, _ = c.after(long, lazy)
	assert.Equal(t, autoscale.Drain, a.Kind)
	a, _ = c.after(long, signals(host("a", 4, 0), host("b", 4, 0), parked(host("c", 1, 0))))
	assert.Equal(t, autoscale.Resume, a.Kind)
	assert.Equal(t, "c", a.Host.Name)

	c = newClock(t, cfg)
	c.after(long, lazy)
	a, when := c.after(long, signals(host("a", 1, 0), host("b", 0, 0), parked(host("c", 1, 0))))
	assert.Equal(t, autoscale.Resume, a.Kind, "its run does not end")
	assert.Equal(t, 5*time.Minute, when)

	c = newClock(t, cfg)
	c.after(long, lazy)
	a, _ = c.after(long, signals(host("a", 1, 0), host("b", 0, 0), parked(host("c", 0, 0))))
	assert.Equal(t, autoscale.Down, a.Kind)
	a = c.done(true)
	assert.Equal(t, autoscale.Resume, a.Kind, "the hook failed, so it is still there")
	assert.Equal(t, "c", a.Host.Name)
}

func TestDecider_OneThatLeavesByItselfIsNobodysBusiness(t *testing.T) {
	c := newClock(t, cfg)
	c.after(long, lazy)
	a, _ := c.after(59*time.Second, calm)
	assert.Equal(t, autoscale.None, a.Kind)
	a, when := c.after(long, busy)
	assert.Equal(t, autoscale.Up, a.Kind)
	assert.Equal(t, 30*time.Second, when)
}
