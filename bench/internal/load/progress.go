package load

import "time"

// progressEvery is the time between calls of a plan's Progress.
const progressEvery = 100 * time.Millisecond

// report passes on how many measured runs have ended, until stop is called,
// which reports once more.
func (rec *recorder) report(progress func(int64)) (stop func()) {
	if progress == nil {
		return func() {}
	}
	done, told := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(told)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				progress(rec.ended.Load())
			case <-done:
				progress(rec.ended.Load())
				return
			}
		}
	}()
	return func() { close(done); <-told }
}
