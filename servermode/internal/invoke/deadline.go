package invoke

import "time"

// margin is taken off a deadline, so that the answer arrives before it.
const margin = 50 * time.Millisecond

// initMargin is taken off an init's time, so that the caller is still there for the
// answer that a build goes on.
const initMargin = 250 * time.Millisecond

// InitTime returns how much of an init's limit may be used.
func InitTime(limit time.Duration) time.Duration { return limit - min(initMargin, limit/10) }

// UntilDeadline returns the time left until one of the platform's deadlines, less a
// margin, and the platform's limit that it belongs to. Both are at most longest. A
// deadline in the past shows that the clocks disagree, and is ignored.
func UntilDeadline(deadline time.Time, longest time.Duration) (left, limit time.Duration) {
	left = time.Until(deadline)
	if left <= 0 {
		return longest, longest
	}
	return min(left-min(margin, left/10), longest), min(left, longest)
}
