package servermode

import (
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

const (
	// failureLines is how many failed runs of a function are logged in each
	// failureTime, so that a flood of them floods no log.
	failureLines = 10
	failureTime  = time.Minute
	// failureNames is from how many functions on those are forgotten whose time is
	// over.
	failureNames = 1024
)

// runLog bounds what is logged of runs that failed, by function.
type runLog struct {
	mu     sync.Mutex // guards what follows
	recent map[function.Key]*failures
}

// failures are those of one function since a moment.
type failures struct {
	since  time.Time
	logged int
	missed int
}

// admit reports whether one more may be logged, and of how many before it nothing
// was.
func (l *runLog) admit(key function.Key, now time.Time) (missed int, ok bool) {
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

// forget drops functions whose time is over, once there are many; the caller holds
// mu. What was missed of them is in the metrics.
func (l *runLog) forget(now time.Time) {
	if len(l.recent) < failureNames {
		return
	}
	for key, f := range l.recent {
		if now.Sub(f.since) >= failureTime {
			delete(l.recent, key)
		}
	}
}

// logFailure writes a line about a run that a process was given, or could not be
// started for, and that did not succeed. What the action itself says of the cause
// is for its author's eyes, not for the owner's log.
func (s *Server) logFailure(c *call, key function.Key, activation string, result []byte, err error) {
	level, outcome, cause := zapcore.WarnLevel, "", ""
	switch how := outcomeOf(result, err); how {
	case ranOK, ranCancelled:
		return
	case ranApplicationError:
		level, outcome, cause = zapcore.InfoLevel, outcomeNames[how], "the action's own error"
	default:
		r := asRefusal(err)
		if r.Reason.NotStarted() {
			return
		}
		if outcome, cause = string(r.Reason), r.Message; errors.As(err, new(*process.ThrownError)) || r.Reason == runtimespec.InitFailed {
			cause = "the action's own error"
		}
	}
	missed, ok := s.failures.admit(key, time.Now())
	if !ok {
		return
	}
	fields := []zap.Field{
		zap.String("function", key.Identity.Short()), zap.String("action", s.table.Info(key).Name), zap.String("tenant", key.Tenant),
		zap.String("activation", activation), zap.String("outcome", outcome), zap.String("cause", cause), c.TraceID(),
	}
	if missed > 0 {
		fields = append(fields, zap.Int("not_logged_before", missed))
	}
	s.log.Log(level, "run failed", fields...)
}
