package main

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

// atQuantile returns a quantile in milliseconds of times in nanoseconds.
func atQuantile(times *hdrhistogram.Histogram, q float64) float64 {
	return stats.Milliseconds(time.Duration(times.ValueAtQuantile(100 * q)))
}
