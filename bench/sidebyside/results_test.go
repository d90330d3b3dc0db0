package main

import (
	"encoding/json"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/arms"
	"github.com/whiskaway/whiskaway/bench/internal/load"
)

func TestResults_FailuresOfOursAreAnError(t *testing.T) {
	r := newResults(full, &machine{})
	r.count(arms.Best, load.Result{Answered: 10, Failed: 1, Errors: map[string]int64{"status 502": 1}})
	r.count(arms.Ours, load.Result{Answered: 10, WarmupAnswered: 2})
	assert.NoError(t, r.ownFailures(), "what the peer loses is told, and no failure of the benchmark")
	assert.EqualValues(t, 1, r.Answers[arms.Best].Failed)
	assert.EqualValues(t, 12, r.Answers[arms.Ours].Right)
	r.fail(arms.Ours, "not the value that was sent", 3)
	assert.EqualError(t, r.ownFailures(), "Whiskaway: 3 answers were wrong or missing: not the value that was sent")
	for i := range 100 {
		r.fail(arms.Ours, string(rune('a'+i)), 1)
	}
	assert.Len(t, r.Answers[arms.Ours].Messages, maxMessages)
	assert.EqualValues(t, 103, r.Answers[arms.Ours].Failed)
}

func TestResults_PerFunction(t *testing.T) {
	r := newResults(full, &machine{})
	for round, mib := range []float64{10, 20} {
		r.note(memoryCase(0), arms.ServerOurs, treePSS, round, mib)
		r.note(memoryCase(50), arms.ServerOurs, treePSS, round, mib+5)
	}
	assert.InDeltaSlice(t, []float64{102.4, 102.4}, []float64(r.perFunction(arms.ServerOurs, treePSS)), 1e-9)
}

func TestResults_MissingRoundsAreNull(t *testing.T) {
	r := newResults(full, &machine{})
	r.note("case", "arm", rate, 2, 7)
	text, err := json.Marshal(r.Series)
	require.NoError(t, err)
	assert.JSONEq(t, `[{"case":"case","arm":"arm","metric":"runs/s","values":[null,null,7]}]`, string(text))
}

func TestFigures(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 0.512: "0.51", 9.999: "10.00", 12.34: "12.3", 123.4: "123", 1234.5: "1,235", 1234567: "1,234,567", -1234: "-1,234"} {
		assert.Equal(t, want, figures(v))
	}
	assert.Equal(t, "–", figures(math.NaN()))
}

// One short round of a part of it all, through the products' binaries.
func TestSideBySide_Quick(t *testing.T) {
	bins, out := t.TempDir(), t.TempDir()
	build := exec.Command("go", "build", "-o", bins+"/", "./cmd/clientmode", "./cmd/loadbalancer", "./cmd/servermode")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0") // the product's module
	text, err := build.CombinedOutput()
	require.NoError(t, err, "%s", text)
	require.NoError(t, run(t.Context(), flags{Bin: bins, Out: out, Quick: true, Only: []string{"latency", "balancer"}}))
	for _, name := range []string{"budgets.md", "tables.md"} {
		text, err := os.ReadFile(filepath.Join(out, name))
		require.NoError(t, err)
		assert.Contains(t, string(text), "no figure counts")
		assert.NotContains(t, string(text), "NaN")
	}
	picture, err := os.Open(filepath.Join(out, "latency.png"))
	require.NoError(t, err)
	defer picture.Close()
	size, err := png.DecodeConfig(picture)
	require.NoError(t, err)
	assert.Greater(t, size.Width, 1000)
	text, err = os.ReadFile(filepath.Join(out, "results.json"))
	require.NoError(t, err)
	var r results
	require.NoError(t, json.Unmarshal(text, &r))
	for _, arm := range []string{arms.Exchange, arms.Floor, arms.Direct, arms.Plain, arms.Ours} {
		assert.Positive(t, r.series(run12, arm, p50).Quartiles().Median, arm)
		assert.Positive(t, r.Answers[arm].Right)
		assert.Zero(t, r.Answers[arm].Failed)
	}
	assert.Positive(t, r.series(between12, arms.Balanced, p50).Quartiles().Median)
	assert.Positive(t, r.series(between12, arms.Balanced, cpuPerRun(arms.PartBetween)).Quartiles().Median)
	assert.Positive(t, r.series(run12, arms.Ours, cpuPerRun(arms.PartServer)).Quartiles().Median)
}

// Numbers of an earlier go are drawn as they were measured.
func TestResults_AreReadAsTheyWereWritten(t *testing.T) {
	r := newResults(full, &machine{CPU: "a model"})
	r.note(run12, arms.Ours, p50, 1, 189)
	dir := t.TempDir()
	require.NoError(t, r.write(dir))
	again, err := read(dir)
	require.NoError(t, err)
	assert.Equal(t, r.Machine, again.Machine)
	assert.Equal(t, r.figure(figure{run12, arms.Ours, p50}).Quartiles(), again.figure(figure{run12, arms.Ours, p50}).Quartiles())
	assert.Equal(t, full.sizes, again.sizes)
}
