package activation

import (
	"errors"
	"fmt"
	"time"
)

// Causes for which the server itself ends a run.
var (
	ErrTimedOut  = errors.New("the time limit was exceeded") // see Overdue
	ErrCancelled = errors.New("the caller cancelled it")
	ErrShutdown  = errors.New("the server was stopped")
)

// Overdue is the cause with which a run or an init ends when its time is up. Its
// text is the platform's, which tests of platforms compare.
type Overdue struct {
	Limit time.Duration
	Init  bool
}

// grain is the unit in which limits are set. The time left when a request arrives is
// a little less than its limit, so it is rounded up.
const grain = 100 * time.Millisecond

func (o Overdue) Error() string {
	end := "."
	if o.Init {
		end = " during initialization."
	}
	limit := (o.Limit + grain - 1).Truncate(grain)
	return fmt.Sprintf("The action exceeded its time limits of %d milliseconds%s", limit.Milliseconds(), end)
}

// Is reports whether target is ErrTimedOut.
func (Overdue) Is(target error) bool { return target == ErrTimedOut }

// Timeout returns true, as net.Error does for a timeout.
func (Overdue) Timeout() bool { return true }

// Grace returns how much of the owner's stop grace a process gets to end itself: at
// most a tenth of the run's time, because the platform waits for the answer only
// until the limit.
func (o Overdue) Grace(most time.Duration) time.Duration { return min(most, o.Limit/10) }
