package eviction_test

import (
	"fmt"
	"time"

	"github.com/whiskaway/whiskaway/servermode/eviction"
)

func ExampleLongestIdle() {
	idle := []eviction.Candidate{
		{Idle: time.Minute, Bytes: 200 << 20},
		{Idle: time.Hour, Bytes: 100 << 20, Pinned: true},
		{Idle: 5 * time.Minute, Bytes: 100 << 20},
	}
	fmt.Println(eviction.LongestIdle{}.Victims(idle, eviction.Need{Places: 1}))
	fmt.Println(eviction.LongestIdle{}.Victims(idle, eviction.Need{Bytes: 250 << 20}))
	// Output:
	// [2]
	// [2 0]
}
