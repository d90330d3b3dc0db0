package chart_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/bench/internal/chart"
)

func TestDuration(t *testing.T) {
	for us, want := range map[float64]string{0.5: "0.5 µs", 29.4: "29 µs", 999.6: "1.0 ms", 1500: "1.5 ms", 42_000: "42 ms", 999_600: "1.0 s", 2e6: "2 s"} {
		assert.Equal(t, want, chart.Duration(us), "%g", us)
	}
}
