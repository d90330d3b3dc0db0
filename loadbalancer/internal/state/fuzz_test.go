package state_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// world is a state and what a model knows of its runs and inits.
type world struct {
	*rig
	sent   []*state.Run // at a server, or at an init
	queued []*state.Run
	due    []state.RecallAt
}

// FuzzState has events come in any order. No run is lost: each that was enqueued is
// woken or leaves, and what servers have in flight is what was sent there.
func FuzzState(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	f.Add([]byte("runs that arrive, are refused, wait, and are woken when one of them ends"))
	f.Fuzz(func(t *testing.T, events []byte) {
		w := &world{rig: newRig(t, "a", "b")}
		for _, s := range w.servers {
			w.ready(s, 1)
		}
		for _, e := range events {
			w.now = w.now.Add(time.Duration(e) * time.Millisecond)
			w.recall()
			w.event(int(e))
			w.carryOut()
			_, _, queued := w.Counts()
			require.Equal(t, len(w.queued), queued)
			sum := 0
			for _, v := range w.View(w.now) {
				sum += v.Sent
			}
			require.Equal(t, len(w.sent), sum)
		}
	})
}

// recall does what is due by now.
func (w *world) recall() {
	due := w.due
	w.due = nil
	for _, e := range due {
		if e.At.After(w.now) {
			w.due = append(w.due, e)
			continue
		}
		w.did(w.Recall(e.Function, e.At, w.now))
		w.carryOut()
	}
}

func (w *world) event(e int) {
	f := w.function(string('f' + rune(e%2)))
	switch s := w.servers[e/8%2]; e % 8 {
	case 0, 1:
		w.route(w.arrived(f, ""))
	case 2, 3, 4:
		w.end(e)
	case 5:
		w.ready(s, 1+e%2)
	case 6:
		_, fx := w.CheckFailed(s, "away", e > 128, w.now)
		w.did(fx)
	case 7:
		if fx, err := w.Drain(s, w.now); err == nil && e > 128 {
			w.did(fx)
			back, _ := w.Return(s)
			w.fx = append(w.fx, back...)
		} else {
			w.did(append(fx, w.Sweep(w.now)...))
		}
	}
}

// route sends a run, or has it wait.
func (w *world) route(r *state.Run) {
	if w.pick(r) == nil {
		w.sent = append(w.sent, r)
		return
	}
	fx := w.fx
	if w.enqueue(r) == nil {
		w.queued = append(w.queued, r)
	}
	w.fx = append(fx, w.fx...)
}

// end ends a run, one way or another.
func (w *world) end(e int) {
	if len(w.sent) == 0 {
		return
	}
	r := w.sent[e%len(w.sent)]
	w.sent = slices.Delete(w.sent, e%len(w.sent), e%len(w.sent)+1)
	if e%8 == 3 {
		w.full(r, time.Duration(e)*time.Millisecond)
		w.carryOut()
		w.route(r)
		return
	}
	w.did(w.Answered(r, policy.Answer{Outcome: policy.Outcome(e / 8 % 2 * 2), Took: time.Millisecond}, &runtimespec.Load{Slots: 1, Changes: 1}, w.now))
}

// carryOut does what events ask for, until they ask for nothing more.
func (w *world) carryOut() {
	for len(w.fx) > 0 {
		e := w.fx[0]
		w.fx = w.fx[1:]
		var more []state.Effect
		switch e := e.(type) {
		case state.Wake:
			at := slices.Index(w.queued, e.Run)
			require.GreaterOrEqual(w.t, at, 0, "it was woken once")
			w.queued = slices.Delete(w.queued, at, at+1)
			require.NoError(w.t, e.Run.Waiting.Err)
			w.sent = append(w.sent, e.Run)
		case state.StartInit:
			_, more = w.InitDone(e.Init, true, false, w.now)
		case state.RecallAt:
			w.due = append(w.due, e)
		case state.HealthChanged:
			more = w.Rebalance(e, w.now)
		case state.Check, state.ReadInventory, state.ServerLeft:
		default:
			require.Fail(w.t, fmt.Sprintf("%T", e))
		}
		w.fx = append(w.fx, more...)
	}
}
