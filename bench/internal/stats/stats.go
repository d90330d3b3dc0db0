// Package stats describes how values are spread: quantiles, and quartiles and
// ratios by round.
package stats

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Quantile returns the smallest value that a part q of all values does not
// exceed; NaN of no values.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[max(0, min(at, len(sorted)-1))]
}

func Median(values []float64) float64 { return Quantile(values, 0.5) }

// Spread returns the median with the quartiles.
func Spread(values []float64, format string) string {
	return fmt.Sprintf(format+" ("+format+"–"+format+")", Median(values), Quantile(values, 0.25), Quantile(values, 0.75))
}

func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
