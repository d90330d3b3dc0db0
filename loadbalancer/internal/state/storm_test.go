package state_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// storm is a state in which everything happens, and a model of what is in flight.
type storm struct {
	*rig
	rnd    *rand.Rand
	n      int
	sent   []*state.Run // at a server
	inits  []*state.Init
	waits  map[*state.Init][]*state.Run
	queued []*state.Run
	due    []state.RecallAt
}

// TestState_SurvivesAStorm has everything happen in any order: servers come and go,
// restart, drain and are returned, functions are forgotten, runs are cancelled. What is
// in flight is counted once all the time, and when all is well again, nothing waits.
func TestState_SurvivesAStorm(t *testing.T) {
	for seed := range uint64(200) {
		s := &storm{rig: newRig(t, "a", "b", "c"), rnd: rand.New(rand.NewPCG(seed, 1)), waits: map[*state.Init][]*state.Run{}}
		settings := limits
		settings.Queue = queue.Limits{Entries: 1000, Bytes: 1 << 20}
		s.Configure(settings)
		for range 400 {
			s.now = s.now.Add(time.Duration(s.rnd.IntN(40)) * time.Millisecond)
			s.happen()
			s.follow()
			s.check(seed)
		}
		s.calm(seed)
	}
}

func (s *storm) fn() state.Key { return key(string('f' + rune(s.rnd.IntN(3)))) }

func (s *storm) happen() {
	server := func() *state.Server { return s.servers[s.rnd.IntN(len(s.servers))] }
	some := len(s.servers) > 0
	switch n := s.rnd.IntN(26); {
	case n < 6:
		s.n++
		k := s.fn()
		run := &state.Run{Key: k, Tenant: "t", Activation: fmt.Sprint(s.n), Waiting: &state.Waiting{}}
		if _, err := s.RunArrived(run, "l", s.now); err == nil {
			s.send(run)
		}
	case n < 8:
		_, err := s.InitArrived(s.fn(), "l", &state.Recipe{Whole: true}, s.now)
		require.NoError(s.t, err)
	case n < 12 && len(s.sent) > 0:
		s.end(s.rnd.IntN(len(s.sent)))
	case n < 15 && len(s.inits) > 0:
		at := s.rnd.IntN(len(s.inits))
		i := s.inits[at]
		s.inits = slices.Delete(s.inits, at, at+1)
		s.finish(i, s.rnd.IntN(4) > 0, s.rnd.IntN(8) == 0)
	case n == 15 && some:
		s.ready(server(), 1+s.rnd.IntN(2))
	case n == 16 && some:
		_, s.fx = s.CheckFailed(server(), "away", s.rnd.IntN(2) == 0, s.now)
	case n == 17 && some:
		if fx, err := s.Drain(server(), s.now); err == nil {
			s.did(fx)
		}
	case n == 18 && some:
		if fx, err := s.Return(server()); err == nil {
			s.did(fx)
		}
	case n == 19:
		names := []string{}
		for _, name := range []string{"a", "b", "c", "d"} {
			if s.rnd.IntN(4) > 0 {
				names = append(names, name)
			}
		}
		s.list(names...)
	case n == 20:
		s.LeaseEnded(s.fn(), "l", s.now)
	case n == 21 && some:
		a := server()
		s.Identified(a, fmt.Sprint(a.Name, s.rnd.IntN(3)), 1, state.Inventory{s.fn(): {}}, s.now, s.now)
	case n == 22:
		if s.rnd.IntN(4) == 0 {
			s.ForgetFunctions()
		} else {
			s.did(append(s.Expire(s.now.Add(time.Duration(s.rnd.IntN(50))*time.Second)), s.Sweep(s.now)...))
		}
	case n == 23 && some:
		name := server().Name
		switch s.rnd.IntN(3) {
		case 0:
			s.did(s.BeginScaleIn(name, s.now))
		case 1:
			s.did(s.CancelScaleIn(name))
		default:
			s.ConfirmScaleIn(name)
		}
	case n == 24 && len(s.sent) > 0:
		run := s.sent[s.rnd.IntN(len(s.sent))]
		at, fx := s.Cancelled(run.Key, run.Activation)
		require.NotEqual(s.t, len(at) > 0, len(fx) > 0)
		require.Equal(s.t, run.Init == nil, len(at) > 0, "it is told where the run is")
	case n == 25 && s.rnd.IntN(4) == 0:
		s.did(s.ServersDropped(s.now))
		s.follow()
		s.servers = nil
		s.list("a", "b", "c")
		s.ServersSettled()
	case len(s.queued) > 0 && s.rnd.IntN(2) == 0:
		run := s.queued[s.rnd.IntN(len(s.queued))]
		if s.rnd.IntN(2) == 0 {
			_, s.fx = s.Cancelled(run.Key, run.Activation)
		}
		require.True(s.t, s.LeaveQueue(run))
		s.queued = slices.DeleteFunc(s.queued, func(r *state.Run) bool { return r == run })
		s.fx = append(s.fx, s.RunEnded(run)...)
	}
}

func (s *storm) send(run *state.Run) {
	if s.pick(run) == nil {
		s.placed(run)
		return
	}
	fx := s.fx
	if s.enqueue(run) == nil {
		s.queued = append(s.queued, run)
	} else {
		s.fx = append(s.fx, s.RunEnded(run)...)
	}
	s.fx = append(fx, s.fx...)
}

func (s *storm) placed(run *state.Run) {
	s.sent = append(s.sent, run)
	if run.Init != nil {
		s.waits[run.Init] = append(s.waits[run.Init], run)
	}
}

func (s *storm) finish(i *state.Init, ready, draining bool) {
	_, s.fx = s.InitDone(i, ready, draining && !ready, s.now)
	s.follow()
	for _, run := range s.waits[i] {
		if !slices.Contains(s.sent, run) {
			continue
		}
		if ready {
			if run.Init = nil; s.InitAwaited(run) != nil {
				s.sent = slices.DeleteFunc(s.sent, func(r *state.Run) bool { return r == run })
				s.did(append(s.Answered(run, policy.Answer{Outcome: policy.Left}, nil, s.now), s.RunEnded(run)...))
				s.follow()
			}
			continue
		}
		s.sent = slices.DeleteFunc(s.sent, func(r *state.Run) bool { return r == run })
		s.did(s.Refused(run, "", 0, nil, s.now))
		s.follow()
		s.send(run)
		s.follow()
	}
	delete(s.waits, i)
}

func (s *storm) end(at int) {
	run := s.sent[at]
	s.sent = slices.Delete(s.sent, at, at+1)
	outcome := s.rnd.IntN(6)
	if run.Init != nil {
		outcome = 5
	}
	switch outcome {
	case 0:
		s.full(run, time.Duration(s.rnd.IntN(3))*time.Second)
	case 1:
		s.did(s.NotSent(run, s.now))
	case 2:
		s.did(s.Refused(run, runtimespec.UnknownFunction, 0, nil, s.now))
	case 3:
		s.did(s.Refused(run, runtimespec.Draining, 0, nil, s.now))
	case 4:
		s.answered(run, 1)
	default:
		s.did(s.Answered(run, policy.Answer{Outcome: policy.Left}, nil, s.now))
	}
	s.follow()
	if outcome < 4 {
		s.send(run)
	} else {
		s.did(s.RunEnded(run))
	}
}

func (s *storm) follow() {
	for len(s.fx) > 0 {
		e := s.fx[0]
		s.fx = s.fx[1:]
		var more []state.Effect
		switch e := e.(type) {
		case state.Wake:
			at := slices.Index(s.queued, e.Run)
			require.GreaterOrEqual(s.t, at, 0)
			s.queued = slices.Delete(s.queued, at, at+1)
			e.Run.Tried = e.Run.Tried[:0]
			if e.Run.Waiting.Err != nil {
				more = s.RunEnded(e.Run)
			} else {
				s.placed(e.Run)
			}
		case state.StartInit:
			s.inits = append(s.inits, e.Init)
		case state.RecallAt:
			s.due = append(s.due, e)
		case state.HealthChanged:
			require.NotNil(s.t, e.Server)
			more = s.Rebalance(e, s.now)
		}
		s.fx = append(s.fx, more...)
	}
	due := s.due
	s.due = nil
	for _, e := range due {
		if e.At.After(s.now) {
			s.due = append(s.due, e)
		} else {
			s.did(s.Recall(e.Function, e.At, s.now))
			s.follow()
		}
	}
}

func (s *storm) check(seed uint64) {
	_, _, queued := s.Counts()
	require.Equal(s.t, len(s.queued), queued, seed)
	want := map[string]int{}
	for _, run := range s.sent {
		if slices.Contains(s.servers, run.Server) {
			want[run.Server.Name]++
		}
	}
	type at struct {
		f *state.Function
		s *state.Server
	}
	inits := map[at]bool{}
	for _, i := range s.inits {
		require.False(s.t, inits[at{i.Function, i.Server}], "seed %d: one init at a time", seed)
		inits[at{i.Function, i.Server}] = true
	}
	for _, v := range s.View(s.now) {
		require.Equal(s.t, want[v.Name], v.Sent, "seed %d, %s", seed, v.Name)
	}
}

// calm makes all servers well, and has everything end.
func (s *storm) calm(seed uint64) {
	s.list("a", "b")
	for range 400 {
		s.follow()
		s.now = s.now.Add(100 * time.Millisecond)
		for _, a := range s.servers {
			if fx, err := s.Return(a); err == nil {
				s.did(fx)
			}
			s.follow()
			s.ready(a, 4)
			s.follow()
		}
		for _, name := range []string{"a", "b"} {
			s.did(s.CancelScaleIn(name))
			s.follow()
		}
		for _, f := range []string{"f", "g", "h"} {
			_, err := s.InitArrived(key(f), "l", &state.Recipe{Whole: true}, s.now)
			require.NoError(s.t, err)
		}
		s.did(s.Sweep(s.now))
		s.follow()
		for len(s.inits) > 0 {
			i := s.inits[0]
			s.inits = s.inits[1:]
			s.finish(i, true, false)
			s.follow()
		}
		for len(s.sent) > 0 && len(s.inits) == 0 {
			run := s.sent[0]
			require.Nil(s.t, run.Init, "seed %d: its init is over", seed)
			s.sent = s.sent[1:]
			s.answered(run, 4)
			s.follow()
			s.did(s.RunEnded(run))
			s.follow()
		}
	}
	s.check(seed)
	require.Empty(s.t, s.queued, "seed %d: nothing waits", seed)
	require.Empty(s.t, s.sent)
	for _, v := range s.View(s.now) {
		require.Zero(s.t, v.Inits+v.Moving, "seed %d", seed)
	}
	s.Expire(s.now.Add(2 * limits.Lease))
	_, functions, _ := s.Counts()
	require.Zero(s.t, functions)
}
