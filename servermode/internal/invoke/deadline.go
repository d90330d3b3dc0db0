package invoke

import "time"

// margin is kept off a deadline, so that the answer arrives before it.
const margin = 50 * time.Millisecond

// initMargin is kept off an init's time, so that the caller still waits for the
// answer that a build goes on.
const initMargin = 250 * time.Millisecond

// InitTime returns how much of an init's limit may be used.
func InitTime(limit time.Duration) time.Duration { return limit - min(initMargin, limit/10) }

// UntilDeadline returns the time left until a deadline of the platform's, less a
// margin, and the platform's limit of which that is left; both are at most longest. A
// deadline in the past shows clocks that disagree, and is ignored.
func UntilDeadline(deadline time.Time, longest time.Duration) (left, limit time.Duration) {
	left = time.Until(deadline)
	if left <= 0 {
		return longest, longest
	}
	return min(left-min(margin, left/10), longest), min(left, longest)
}
