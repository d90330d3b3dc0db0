package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMeasured_RatiosAreToTheFirstAndToPlain(t *testing.T) {
	m := measured{variants: []variant{{label: "old, plain"}, {label: "old, TLS"}, {label: "new, plain"}, {label: "new, TLS"}}}
	for _, c := range cases {
		for round := range 3 {
			for at, p50 := range []float64{10, 20, 5, 6} {
				m.note(c, at, p50*float64(1+round), 1, 1)
			}
		}
	}
	var out strings.Builder
	m.print(&out)
	for _, line := range strings.Split(out.String(), "\n") {
		if strings.Contains(line, "new, TLS") {
			assert.Contains(t, line, "0.300 (0.300–0.300) | 1.000 (1.000–1.000) | 1.200 (1.200–1.200)")
		}
	}
	assert.Equal(t, len(cases), strings.Count(out.String(), "new, TLS"))
}
