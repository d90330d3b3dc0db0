package invoke

import (
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

const (
	// failureLines is how many failed runs of a function are logged in each
	// failureTime, so that a flood of failures floods no log.
	failureLines = 10
	failureTime  = time.Minute
	// failureNames is the number of functions above which those are forgotten whose
	// failureTime has passed.
	failureNames = 1024
)

// failureLog bounds what is logged of runs that failed, by function.
type failureLog struct {
	mu     sync.Mutex // guards what follows
	recent map[function.Key]*failures
}

func newFailureLog() *failureLog { return &failureLog{recent: map[function.Key]*failures{}} }

// failures counts those of one function since a moment.
type failures struct {
	since  time.Time
	logged int
	missed int
}

// admit reports whether one more failure may be logged, and how many before it were
// not.
func (l *failureLog) admit(key function.Key, now time.Time) (missed int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.recent[key]
	if f == nil {
		l.forget(now)
		f = &failures{since: now}
		l.recent[key] = f
	}
	if now.Sub(f.since) >= failureTime {
		missed = f.missed
		*f = failures{since: now}
	}
	if f.logged == failureLines {
		f.missed++
		return 0, false
	}
	f.logged++
	return missed, true
}

// forget drops functions whose failureTime has passed, once there are many. It is
// called with mu held. Failures that were not logged are still in the metrics.
func (l *failureLog) forget(now time.Time) {
	if len(l.recent) < failureNames {
		return
	}
	for key, f := range l.recent {
		if now.Sub(f.since) >= failureTime {
			delete(l.recent, key)
		}
	}
}

// logFailure logs a run that failed in a process, or for which no process could be
// started. What the action itself says of the cause belongs to its author, and not
// into the owner's log.
func (s *Service) logFailure(by Caller, run activation.Key, result []byte, err error) {
	level, ended, cause := zapcore.WarnLevel, "", ""
	switch how := outcome.Of(result, err); how {
	case outcome.OK, outcome.Cancelled:
		return
	case outcome.ApplicationError:
		level, ended, cause = zapcore.InfoLevel, how.String(), "the action's own error"
	default:
		r := outcome.Refusal(err)
		if r.Reason.NotStarted() {
			return
		}
		if ended, cause = string(r.Reason), r.Message; errors.As(err, new(*process.ThrownError)) || r.Reason == runtimespec.InitFailed {
			cause = "the action's own error"
		}
	}
	missed, ok := s.failures.admit(run.Key, time.Now())
	if !ok {
		return
	}
	fields := []zap.Field{
		zap.String("function", run.Identity.Short()), zap.String("action", s.Table.Info(run.Key).Name), zap.String("tenant", run.Tenant),
		zap.String("activation", run.ID), zap.String("outcome", ended), zap.String("cause", cause),
	}
	if id := by.Trace.ID(); id != "" {
		fields = append(fields, zap.String("trace_id", id))
	}
	if missed > 0 {
		fields = append(fields, zap.Int("not_logged_before", missed))
	}
	s.Log.Log(level, "run failed", fields...)
}
