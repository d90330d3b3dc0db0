package load

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	longest  = int64(10 * time.Minute)
	maxKinds = 32 // of errors that are kept apart
	// otherErrors is the message under which further kinds of errors are
	// counted.
	otherErrors = "further errors, of other kinds"
)

// run is one run that has ended.
type run struct {
	measured bool // started after the warm-up
	due      time.Time
	asked    time.Time // when the generator reached it
	sent     time.Time // when a container was free
	ended    time.Time
	err      error
}

// make sends the run, now that the target is free.
func (r *run) make(target *Target, work Work, limit time.Duration) {
	r.sent = time.Now()
	r.err = target.Call(work, limit)
	r.ended = time.Now()
}

// recorder records the outcomes of runs. A histogram takes about 200 KiB, so a
// thousand callers share a few.
type recorder struct {
	shards []shard
	ended  atomic.Int64 // measured runs
}

// shard is a part of the result, on cache lines of its own.
type shard struct {
	mu   sync.Mutex // guards what follows
	r    Result
	last time.Time
	_    [64]byte
}

func newRecorder(callers int, openLoop bool) *recorder {
	rec := &recorder{shards: make([]shard, max(1, min(callers, 2*runtime.GOMAXPROCS(0))))}
	for i := range rec.shards {
		rec.shards[i].r = newResult(openLoop)
	}
	return rec
}

func newResult(openLoop bool) Result {
	histogram := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, longest, 3) }
	r := Result{Latency: histogram(), Wait: histogram(), Service: histogram(), Errors: map[string]int64{}}
	if openLoop {
		r.Lag = histogram()
	}
	return r
}

// note records a caller's run.
func (rec *recorder) note(caller int, run run) {
	if run.measured {
		rec.ended.Add(1)
	}
	s := &rec.shards[caller%len(rec.shards)]
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case run.err != nil:
		s.fail(run)
	case !run.measured:
		s.r.WarmupAnswered++
	default:
		s.r.Answered++
		put(s.r.Latency, run.ended.Sub(run.due))
		put(s.r.Wait, run.sent.Sub(run.asked))
		put(s.r.Service, run.ended.Sub(run.sent))
		if s.r.Lag != nil {
			put(s.r.Lag, run.asked.Sub(run.due))
		}
	}
	if run.measured && run.ended.After(s.last) {
		s.last = run.ended
	}
}

func (s *shard) fail(run run) {
	message := run.err.Error()
	if run.measured {
		s.r.Failed++
		if run.err == errDropped {
			s.r.Dropped++
		}
	} else {
		s.r.WarmupFailed++
		message = "warm-up: " + message
	}
	count(s.r.Errors, message, 1)
}

// count keeps only so many messages that a result stays readable.
func count(errors map[string]int64, message string, n int64) {
	if _, known := errors[message]; !known && len(errors) >= maxKinds {
		message = otherErrors
	}
	errors[message] += n
}

func put(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(max(0, min(int64(d), longest))) // in its range, so it cannot fail
}

// result merges all shards. begin is when the warm-up was over.
func (rec *recorder) result(begin time.Time) Result {
	all := newResult(rec.shards[0].r.Lag != nil)
	for i := range rec.shards {
		s := &rec.shards[i]
		all.Latency.Merge(s.r.Latency)
		all.Wait.Merge(s.r.Wait)
		all.Service.Merge(s.r.Service)
		if all.Lag != nil {
			all.Lag.Merge(s.r.Lag)
		}
		all.Answered += s.r.Answered
		all.Failed += s.r.Failed
		all.Dropped += s.r.Dropped
		all.WarmupAnswered += s.r.WarmupAnswered
		all.WarmupFailed += s.r.WarmupFailed
		for message, n := range s.r.Errors {
			count(all.Errors, message, n)
		}
		all.Elapsed = max(all.Elapsed, s.last.Sub(begin))
	}
	return all
}
