package eviction_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/servermode/eviction"
)

func TestLongestIdle_Victims(t *testing.T) {
	old := eviction.Candidate{Idle: time.Hour, Bytes: 10}
	middle := eviction.Candidate{Idle: time.Minute, Bytes: 100}
	fresh := eviction.Candidate{Idle: time.Second, Bytes: 1000}
	pinned := eviction.Candidate{Idle: 24 * time.Hour, Bytes: 10_000, Pinned: true}
	unknown := eviction.Candidate{Idle: 2 * time.Hour}
	for name, c := range map[string]struct {
		candidates []eviction.Candidate
		need       eviction.Need
		want       []int
	}{
		"nothing needed":             {[]eviction.Candidate{old, fresh}, eviction.Need{}, []int{}},
		"nothing there":              {nil, eviction.Need{Places: 3, Bytes: 1}, []int{}},
		"one place":                  {[]eviction.Candidate{fresh, old, middle}, eviction.Need{Places: 1}, []int{1}},
		"two places":                 {[]eviction.Candidate{fresh, old, middle}, eviction.Need{Places: 2}, []int{1, 2}},
		"as many bytes as it takes":  {[]eviction.Candidate{fresh, old, middle}, eviction.Need{Bytes: 50}, []int{1, 2}},
		"both":                       {[]eviction.Candidate{fresh, old, middle}, eviction.Need{Places: 1, Bytes: 111}, []int{1, 2, 0}},
		"kept forever goes last":     {[]eviction.Candidate{pinned, fresh}, eviction.Need{Places: 2}, []int{1, 0}},
		"never more than there are":  {[]eviction.Candidate{old}, eviction.Need{Places: 5, Bytes: 1 << 40}, []int{0}},
		"unknown size is not enough": {[]eviction.Candidate{unknown, old}, eviction.Need{Bytes: 5}, []int{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, eviction.LongestIdle{}.Victims(c.candidates, c.need))
		})
	}
}
