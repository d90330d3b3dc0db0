package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// quantile is the smallest value that a part q of all values does not exceed;
// NaN of none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[max(0, min(at, len(sorted)-1))]
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// spread is the median with the quartiles.
func spread(values []float64, format string) string {
	return fmt.Sprintf(format+" ("+format+"–"+format+")", median(values), quantile(values, 0.25), quantile(values, 0.75))
}

// atQuantile is a quantile in milliseconds of times in nanoseconds.
func atQuantile(times *hdrhistogram.Histogram, q float64) float64 {
	return ms(time.Duration(times.ValueAtQuantile(100 * q)))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
