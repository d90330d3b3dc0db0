package function

import (
	"context"
	"errors"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// errUnneeded ends a start for which no run waits any more.
var errUnneeded = errors.New("no run waits for one more instance")

// growPause is how long a function does not grow after a start for its queue has
// failed.
const growPause = time.Second

// considerGrowth starts one more instance for the queue, or arms the timer for when
// that may be worth it.
func (f *Function) considerGrowth(now time.Time) {
	for len(f.waiting) > 0 && f.state < Draining && f.table.base.Err() == nil {
		in, ok := f.growth.due(f.counts(), now.Sub(f.waiting[0].since), f.table.cfg.Load().GrowAfter, f.startTime)
		if !ok {
			return
		}
		if in = max(in, f.growFrom.Sub(now)); in > 0 {
			f.lookAgainIn(now, max(in, time.Millisecond))
			return
		}
		f.growth.decided()
		f.starting++
		go f.grow(f.takeFresh(false))
	}
}

// lookAgainIn arms the timer, unless it is due earlier.
func (f *Function) lookAgainIn(now time.Time, in time.Duration) {
	at := now.Add(in)
	switch {
	case f.timer == nil:
		f.timer = time.AfterFunc(in, f.lookAgain)
	case at.Before(f.timerAt):
		f.timer.Reset(in)
	default:
		return
	}
	f.timerAt = at
}

func (f *Function) lookAgain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.timer = nil
	now := f.table.now()
	f.growth.pass(now, len(f.waiting))
	f.considerGrowth(now)
}

// grow starts an instance for the run that is first in the queue when the instance
// is ready.
func (f *Function) grow(s *slot) {
	ctx, cancel := context.WithTimeout(f.table.base, f.table.cfg.Load().StartTime)
	defer cancel()
	err := f.revive(ctx, s, discardLog{}, true)
	f.mu.Lock()
	f.starting--
	alone := len(f.busy)+len(f.idle) == 1
	if err == nil || alone { // alone, the first in the queue tries the start itself and gets its error
		f.mu.Unlock()
		f.release(s, 0)
		return
	}
	if !errors.Is(err, errUnneeded) {
		now := f.table.now()
		f.growFrom = now.Add(growPause)
		f.considerGrowth(now)
	}
	f.retire(s, "", 0)
}

// wanted reports whether runs still wait for an instance that is about to be
// started.
func (f *Function) wanted() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiting) > 0 || len(f.busy)+len(f.idle) == 1
}

// discardLog drops the log of a start that no init or run waits for.
type discardLog struct{}

func (discardLog) Log(runtimespec.Stream, []byte) {}
