package chart

import (
	"fmt"
	"math"
)

// Duration is a time in µs for people.
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

// Count is a number for people.
func Count(v float64) string {
	if v < 9.95 && v != math.Trunc(v) {
		return fmt.Sprintf("%.1f", v)
	}
	return Thousands(int64(math.Round(v)))
}

// Thousands has commas between them.
func Thousands(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
