package main

import (
	"fmt"
	"math"
	"slices"
	"time"
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

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
