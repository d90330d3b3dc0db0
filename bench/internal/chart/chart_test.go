package chart_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/bench/internal/chart"
	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

// Its decades would have no end.
func TestDraw_NoZeroOnALogarithmicAxis(t *testing.T) {
	c := chart.Chart{Groups: []string{"a"}, Label: chart.Count, Series: []chart.Series{{Values: []stats.Quartiles{{Lower: 0, Median: 1, Upper: 2}}}}}
	path := filepath.Join(t.TempDir(), "c.png")
	require.NoError(t, c.Draw(path))
	c.Logarithm = true
	assert.ErrorContains(t, c.Draw(path), "0 has no place on a logarithmic axis")
}
