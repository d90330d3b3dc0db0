package stats_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

var nan = math.NaN()

func TestQuantile(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for q, want := range map[float64]float64{0: 1, 0.2: 1, 0.25: 2, 0.5: 3, 0.75: 4, 0.99: 5, 1: 5} {
		assert.Equal(t, want, stats.Quantile(values, q), "%g", q)
	}
	assert.Equal(t, []float64{5, 1, 4, 2, 3}, values, "they stay as they are")
	assert.True(t, math.IsNaN(stats.Median(nil)))
	assert.Equal(t, "3.0 (2.0–4.0)", stats.Spread(values, "%.1f"))
}

func TestRounds_Quartiles(t *testing.T) {
	assert.Equal(t, stats.Quartiles{2, 3, 4}, stats.Rounds{5, nan, 1, 4, 2, nan, 3}.Quartiles())
	assert.Equal(t, stats.Quartiles{7, 7, 7}, stats.Rounds{7}.Quartiles())
	assert.True(t, math.IsNaN(stats.Rounds{nan}.Quartiles().Median))
}

func TestRounds_OverIsRoundByRound(t *testing.T) {
	// The host became slower for both: the ratio of the medians would not tell 2.
	a, b := stats.Rounds{2, 20, 200, nan, 4, 3}, stats.Rounds{1, 10, 100, 5, nan, 0}
	ratio := a.Over(b)
	require.Len(t, ratio, 6)
	assert.Equal(t, stats.Rounds{2, 2, 2}, ratio[:3])
	for _, v := range ratio[3:] {
		assert.True(t, math.IsNaN(v))
	}
	assert.Equal(t, stats.Quartiles{2, 2, 2}, ratio.Quartiles())
}

func TestRounds_JSON(t *testing.T) {
	text, err := json.Marshal(stats.Rounds{1.5, nan, 2})
	require.NoError(t, err)
	assert.Equal(t, `[1.5,null,2]`, string(text))
	var back stats.Rounds
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, 1.5, back[0])
	assert.True(t, math.IsNaN(back[1]))
}
