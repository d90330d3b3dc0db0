package chart

import (
	"fmt"
	"math"
)

// Duration formats a time in µs for a reader.
func Duration(us float64) string {
	short := func(v float64) string {
		if v < 9.95 && v != math.Trunc(v) {
			return fmt.Sprintf("%.1f", v)
		}
		return fmt.Sprintf("%.0f", v)
	}
	switch {
	case us < 999.5:
		return short(us) + " µs"
	case us < 999_500:
		return short(us/1000) + " ms"
	}
	return short(us/1e6) + " s"
}

// Count formats a number for a reader.
func Count(v float64) string {
	if v < 9.95 && v != math.Trunc(v) {
		return fmt.Sprintf("%.1f", v)
	}
	return Thousands(int64(math.Round(v)))
}

// Thousands formats a number with commas.
func Thousands(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
