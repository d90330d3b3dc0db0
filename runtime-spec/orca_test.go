package runtimespec_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

func TestParseLoad_TakesWhatOthersSend(t *testing.T) {
	for header, want := range map[string]runtimespec.Load{
		"TEXT ":                               {CPU: -1},
		"TEXT cpu_utilization=0.3,":           {CPU: 0.3},
		"TEXT cpu_utilization:1.5":            {CPU: 1.5},
		"TEXT cpu_utilization=-0":             {CPU: 0},
		"TEXT mem_utilization=0.8,eps=1":      {CPU: -1},
		"TEXT  named_metrics.queued =  2.0 ":  {CPU: -1, Queued: 2},
		"TEXT named_metrics.in_flight=1e2":    {CPU: -1, InFlight: 100},
		"TEXT named_metrics.slots=2147483647": {CPU: -1, Slots: math.MaxInt32},
	} {
		load, err := runtimespec.ParseLoad(header)
		require.NoError(t, err, header)
		require.Equal(t, want, load, header)
		require.False(t, math.Signbit(load.CPU) && load.CPU == 0, header)
	}
}

// A server that misreports its utilisation must not attract any.
func TestParseLoad_RefusesWhatIsNoLoad(t *testing.T) {
	for _, header := range []string{
		"", "TEXT", "text cpu_utilization=0", "JSON {}", "BIN AAAA", "TEXT busy", "TEXT ,", "TEXT cpu_utilization=",
		"TEXT cpu_utilization=-0.1", "TEXT cpu_utilization=NaN", "TEXT cpu_utilization=Inf", "TEXT named_metrics.slots=1e10",
		"TEXT unknown=-1", "TEXT named_metrics.queued=two", "TEXT cpu_utilization=1e999",
	} {
		_, err := runtimespec.ParseLoad(header)
		require.Error(t, err, "%q", header)
	}
}

func FuzzParseLoad(f *testing.F) {
	f.Add("TEXT cpu_utilization=0.625, named_metrics.in_flight=3, named_metrics.slots=8, named_metrics.queued=12")
	f.Add("TEXT cpu_utilization:-0, x=0x1p-2,")
	f.Fuzz(func(t *testing.T, header string) {
		load, err := runtimespec.ParseLoad(header)
		if err != nil {
			return
		}
		for _, n := range []int{load.InFlight, load.Slots, load.Queued} {
			require.GreaterOrEqual(t, n, 0)
		}
		again, err := runtimespec.ParseLoad(string(load.AppendHeader(nil)))
		require.NoError(t, err)
		require.InDelta(t, load.CPU, again.CPU, 0.0006) // three decimals are sent
		load.CPU, again.CPU = 0, 0
		require.Equal(t, load, again)
	})
}
