package servermode

import (
	"fmt"
	"time"
)

// overdue is the cause with which a run or an init ends whose time is over. Its
// author is told in the platform's words, which tests of platforms compare.
type overdue struct {
	limit time.Duration
	init  bool
}

// grain is what limits are multiples of, as people set them: what is left of one
// when it arrives here is a little less.
const grain = 100 * time.Millisecond

func (o overdue) Error() string {
	end := "."
	if o.init {
		end = " during initialization."
	}
	limit := (o.limit + grain - 1).Truncate(grain)
	return fmt.Sprintf("The action exceeded its time limits of %d milliseconds%s", limit.Milliseconds(), end)
}

// Is makes every one of them errTimedOut.
func (overdue) Is(target error) bool { return target == errTimedOut }

// Timeout says of it that it is a timeout, as net.Error does.
func (overdue) Timeout() bool { return true }

// Grace is what of the owner's stop grace a process has to end itself: a tenth of
// its time at most. The platform waits for the answer as long as the limit says.
func (o overdue) Grace(most time.Duration) time.Duration { return min(most, o.limit/10) }

// limitOf is the platform's limit of which a deadline shows what is left.
func limitOf(deadline time.Time, longest time.Duration) time.Duration {
	left := time.Until(deadline)
	if left <= 0 || left > longest {
		return longest
	}
	return left
}
