package state_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/loadbalancer/internal/state"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// BenchmarkRun is how long the lock is held for a run, all its events together.
func BenchmarkRun(b *testing.B) {
	for _, servers := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("servers=%d", servers), func(b *testing.B) {
			r := newRig(b, names(servers)...)
			f := r.function("f")
			r.readyAt(f, r.servers...)
			run := &state.Run{Key: f.Key, Tenant: "t", Activation: "1"}
			load := &runtimespec.Load{Slots: 4, Changes: 1}
			b.ReportAllocs()
			for b.Loop() {
				_, err := r.RunArrived(run, "", r.now)
				if err == nil {
					_, err = r.Pick(run, r.now)
				}
				if err != nil {
					b.Fatal(err)
				}
				r.AnswerBegan(run, run.Server.Name, nil, r.now)
				r.Answered(run, policy.Answer{Took: time.Millisecond}, load, r.now)
				r.RunEnded(run)
				r.now = r.now.Add(time.Microsecond)
			}
		})
	}
}

// BenchmarkInventoryRead is how long the lock is held for one server's inventory.
func BenchmarkInventoryRead(b *testing.B) {
	for _, functions := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("functions=%d", functions), func(b *testing.B) {
			r := newRig(b, "a")
			settings := limits
			settings.Functions = functions
			r.Configure(settings)
			all := state.Inventory{}
			for i := range functions {
				all[state.Key{Identity: runtimespec.Digest{byte(i), byte(i >> 8)}}] = state.Held{}
			}
			for b.Loop() {
				_, _, ok := r.InventoryRead(r.servers[0], "a", 1, all, r.now, r.now)
				require.True(b, ok)
			}
		})
	}
}

func names(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("server-%d", i))
	}
	return all
}
