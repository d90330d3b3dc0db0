package hosts

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// Keeper looks at the signals again and again, and has done what is decided.
type Keeper struct {
	Config
	Hook    Hook
	Every   time.Duration  // between two looks [5s]
	Timeout time.Duration  // of the hook [5m]
	Signals func() Signals // what is seen now
	Drain   func(Host)     // gives it no new work any more
	Resume  func(Host)     // gives it work again
	Log     *zap.Logger
}

// Run goes on until ctx ends, and then until the hook has ended.
func (k *Keeper) Run(ctx context.Context) {
	decider := NewDecider(k.Config)
	tick := time.NewTicker(cmp.Or(k.Every, 5*time.Second))
	defer tick.Stop()
	called := make(chan error)
	calls := 0
	for {
		var a Action
		select {
		case <-tick.C:
			a = decider.Next(k.Signals(), time.Now())
		case err := <-called:
			calls--
			a = decider.Done(err != nil, time.Now())
		case <-ctx.Done():
			for ; calls > 0; calls-- {
				<-called
			}
			return
		}
		if k.carryOut(a) {
			calls++
			go func() { called <- k.call(ctx, a) }()
		}
	}
}

// carryOut does what is no hook's, and reports whether the hook is to be called.
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
	}
	return a.Kind == Up || a.Kind == Down
}

func (k *Keeper) call(ctx context.Context, a Action) error {
	limit := cmp.Or(k.Timeout, 5*time.Minute)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the hook took longer than %v", limit))
	defer cancel()
	output, err := k.Hook.Call(ctx, a)
	log := k.Log.With(zap.Stringer("action", a.Kind), zap.String("server", a.Host.Name), zap.String("output", output))
	if err != nil {
		log.Error("hosts: the hook failed", zap.Error(err))
	} else {
		log.Info("hosts: the hook is done")
	}
	return err
}
