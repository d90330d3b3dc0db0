package host

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// sweepEvery is how often expired instances and leases are looked for.
	sweepEvery = time.Second
	// examineEvery is how often the host is tried out.
	examineEvery = time.Second
)

// Janitor ends idle instances in the background, and finds out whether the server is
// fit for new work.
type Janitor struct {
	Sweep     func(now time.Time)
	KeepAlive func() time.Duration // as now configured: with a short one sweeps are more frequent
	Fit       func() error         // checks what every init needs of the host
	OOM       *OOMWatch
	Log       *zap.Logger
	Health

	tried time.Time
	end   chan struct{}
	done  sync.WaitGroup
}

// Start starts the work.
func (j *Janitor) Start() {
	j.end = make(chan struct{})
	j.Beat(time.Now())
	j.OOM.Look()
	j.done.Go(func() {
		tick := time.NewTimer(j.pause())
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				j.Sweep(now)
				j.examine(now)
				j.Beat(time.Now())
				tick.Reset(j.pause())
			case <-j.end:
				return
			}
		}
	})
}

// Stop ends the work.
func (j *Janitor) Stop() error {
	close(j.end)
	j.done.Wait()
	return nil
}

func (j *Janitor) pause() time.Duration { return min(sweepEvery, j.KeepAlive()/2+time.Millisecond) }

// examine checks the host, once in a while.
func (j *Janitor) examine(now time.Time) {
	if now.Sub(j.tried) < examineEvery {
		return
	}
	j.tried = now
	j.OOM.Look()
	err := j.Fit()
	reason := complaint(err)
	switch was := j.examined(reason); {
	case was == reason:
	case reason == "":
		j.Log.Info("fit for new work again", zap.String("it was", was))
	default:
		j.Log.Error("not fit for new work", zap.String("reason", reason), zap.Error(err))
	}
}
