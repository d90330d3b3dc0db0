package load

import (
	"context"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// coarse is how long before a run is due the kernel's timer replaces the
// runtime's, which may be late by more than a millisecond.
const coarse = 3 * time.Millisecond

// pace waits for points in time. It belongs to one goroutine with a thread of
// its own, so that the kernel wakes it without slack.
type pace struct {
	sleep func(time.Duration)
	timer *time.Timer
	stop  func()
}

func newPace(sleep func(time.Duration)) *pace {
	p := &pace{sleep: sleep, timer: time.NewTimer(0), stop: func() {}}
	if sleep == nil {
		runtime.LockOSThread()
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // nanoseconds; without it waits are some 50 µs longer
		p.sleep = nanosleep
		p.stop = func() {
			_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
			runtime.UnlockOSThread()
		}
	}
	return p
}

// until waits for a point in time; false if the context ends first.
func (p *pace) until(ctx context.Context, at time.Time) bool {
	if left := time.Until(at); left > coarse {
		p.timer.Reset(left - coarse)
		select {
		case <-ctx.Done():
			return false
		case <-p.timer.C:
		}
	}
	for left := time.Until(at); left > 0; left = time.Until(at) {
		p.sleep(left)
	}
	return ctx.Err() == nil
}

// nanosleep may return early, for a signal.
func nanosleep(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil)
}
