package autoscale

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Settings are what a keeper works by; they may be others at each look.
type Settings struct {
	Config
	Hook    Hook
	Every   time.Duration // between two looks [5s]
	Timeout time.Duration // of the hook [5m]
}

// Keeper looks at the signals again and again, and has done what is decided.
type Keeper struct {
	Settings func() Settings
	Signals  func() Signals    // what is seen now
	Drain    func(Host)        // gives it no new work any more
	Resume   func(Host)        // gives it work again
	Ending   func(Host) bool   // reports whether the hook may end it: false if it is the operator's by now
	Acted    func(Kind, error) // an action is done, or failed
	Log      *zap.Logger

	state atomic.Int32
	stop  context.CancelFunc // it looks no more, and a hook at work may end
	done  chan struct{}      // closed when it has
}

// Start has it look until ctx ends, or Stop; spawn starts a goroutine.
func (k *Keeper) Start(ctx context.Context, spawn func(func())) {
	var look context.Context
	look, k.stop = context.WithCancel(ctx)
	k.done = make(chan struct{})
	spawn(func() {
		defer close(k.done)
		k.Run(look, ctx)
	})
}

// Stop begins to end it; Wait waits for a hook at work until ctx ends.
func (k *Keeper) Stop() { k.stop() }

// Wait is the end of Stop.
func (k *Keeper) Wait(ctx context.Context) {
	select {
	case <-k.done:
	case <-ctx.Done():
	}
}

// States are all that [Keeper.State] may be.
func States() []string {
	return []string{watching.String(), growing.String(), draining.String(), ending.String(), cooling.String()}
}

// State is what is under way.
func (k *Keeper) State() string { return state(k.state.Load()).String() }

// Run looks until look ends, and returns when a hook that is at work then has
// ended; one that takes longer than hook is ended.
func (k *Keeper) Run(look, hook context.Context) {
	decider := NewDecider(k.Settings().Config, time.Now())
	tick := time.NewTicker(k.every())
	defer tick.Stop()
	called := make(chan error)
	calls := 0
	k.state.Store(int32(decider.state))
	for {
		var a Action
		select {
		case <-tick.C:
			tick.Reset(k.every())
			decider.Configure(k.Settings().Config)
			a = decider.Next(k.Signals(), time.Now())
		case err := <-called:
			calls--
			a = decider.Done(err, time.Now())
		case <-look.Done():
			for ; calls > 0; calls-- {
				<-called
			}
			return
		}
		if a.Kind == Down && !k.Ending(a.Host) {
			a = decider.LetBe(time.Now())
		}
		k.state.Store(int32(decider.state)) // before the action is told
		if k.carryOut(a) {
			calls++
			go func() { called <- k.call(hook, a) }()
		}
	}
}

func (k *Keeper) every() time.Duration { return cmp.Or(k.Settings().Every, 5*time.Second) }

// carryOut does what takes no hook, and reports whether the hook is to be called.
func (k *Keeper) carryOut(a Action) (hook bool) {
	if a.Kind == None {
		return false
	}
	k.Log.Info("hosts: "+a.Kind.String(), zap.String("server", a.Host.Name), zap.String("why", a.Why), zap.Any("signals", a.Totals))
	switch a.Kind {
	case Drain:
		k.Drain(a.Host)
	case Resume:
		k.Resume(a.Host)
	case Up, Down:
		return true
	}
	k.Acted(a.Kind, nil)
	return false
}

func (k *Keeper) call(ctx context.Context, a Action) error {
	now := k.Settings()
	limit := cmp.Or(now.Timeout, 5*time.Minute)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the hook took longer than %v", limit))
	defer cancel()
	output, err := now.Hook.Call(ctx, a)
	log := k.Log.With(zap.Stringer("action", a.Kind), zap.String("server", a.Host.Name), zap.String("output", output))
	if err != nil {
		log.Error("hosts: the hook failed", zap.Error(err))
	} else {
		log.Info("hosts: the hook is done")
	}
	k.Acted(a.Kind, err)
	return err
}
