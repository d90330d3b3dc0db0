package load_test

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

func TestClosed_MakesTheRunsAskedFor(t *testing.T) {
	one, two := newContainer(t, echo), newContainer(t, echo)
	var ended int64
	r := load.Closed(t.Context(), []*load.Target{one.Target, two.Target}, newEcho(t, 100), load.Plan{Callers: 4, Runs: 201, Progress: func(n int64) { ended = n }})
	assert.Empty(t, r.Errors)
	assert.EqualValues(t, 201, r.Answered)
	assert.EqualValues(t, 201, r.Latency.TotalCount())
	assert.EqualValues(t, 201, ended)
	assert.Zero(t, r.Failed)
	assert.Nil(t, r.Lag)
	assert.EqualValues(t, 201, r.Service.TotalCount())
	assert.EqualValues(t, 201, r.Wait.TotalCount())
	assert.Positive(t, r.Rate())
	assert.Len(t, append(one.sent(), two.sent()...), 201)
	assert.NotEmpty(t, one.sent())
	assert.NotEmpty(t, two.sent())
}

func TestClosed_FewCallersGoRound(t *testing.T) {
	var targets []*load.Target
	var containers []*container
	for range 5 {
		containers = append(containers, newContainer(t, echo))
		targets = append(targets, containers[len(containers)-1].Target)
	}
	load.Closed(t.Context(), targets, newEcho(t, 12), load.Plan{Callers: 1, Runs: 10})
	for _, c := range containers {
		assert.Len(t, c.sent(), 2)
	}
}

func TestClosed_EndsWithItsTimeOrItsContext(t *testing.T) {
	c := newContainer(t, echo)
	r := load.Closed(t.Context(), []*load.Target{c.Target}, newEcho(t, 12), load.Plan{Callers: 2, For: 50 * time.Millisecond, Warmup: 50 * time.Millisecond})
	assert.Positive(t, r.WarmupAnswered)
	assert.EqualValues(t, len(c.sent()), r.WarmupAnswered+r.Answered)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Zero(t, load.Closed(ctx, []*load.Target{c.Target}, newEcho(t, 12), load.Plan{}).Answered)
}

func TestClosed_CountsWrongAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		handle func(http.ResponseWriter, sentRun)
		want   string
	}{
		"another run's": {func(w http.ResponseWriter, _ sentRun) { _, _ = io.WriteString(w, `{"n":"0000"}`) }, "not the value that was sent"},
		"cut short":     {func(w http.ResponseWriter, r sentRun) { _, _ = w.Write(r.Value[:5]) }, "not the value that was sent"},
		"nothing":       {func(http.ResponseWriter, sentRun) {}, "not the value that was sent"},
		"a failure":     {func(w http.ResponseWriter, _ sentRun) { http.Error(w, "no", http.StatusBadGateway) }, "status 502: no"},
		"hung up":       {func(http.ResponseWriter, sentRun) { panic(http.ErrAbortHandler) }, "closed without an answer"},
	} {
		t.Run(name, func(t *testing.T) {
			container := newContainer(t, c.handle)
			r := load.Closed(t.Context(), []*load.Target{container.Target}, newEcho(t, 12), load.Plan{Callers: 2, Runs: 100})
			assert.Zero(t, r.Answered)
			assert.Zero(t, r.Latency.TotalCount())
			assert.EqualValues(t, 100, r.Failed)
			var told int64
			for message, n := range r.Errors {
				told += n
				if message != "further errors, of other kinds" {
					assert.Contains(t, message, c.want)
				}
			}
			assert.EqualValues(t, 100, told, "each failure is told")
			assert.LessOrEqual(t, len(r.Errors), 33, "however many kinds there are")
		})
	}
}

func TestClosed_NoticesMixedUpAnswers(t *testing.T) {
	var last atomic.Pointer[sentRun]
	c := newContainer(t, func(w http.ResponseWriter, run sentRun) {
		if before := last.Swap(&run); before != nil {
			run = *before
		}
		echo(w, run)
	})
	r := load.Closed(t.Context(), []*load.Target{c.Target}, newEcho(t, 12), load.Plan{Callers: 1, Runs: 50})
	assert.EqualValues(t, 1, r.Answered, "only the first gets its own")
	assert.EqualValues(t, 49, r.Failed)
}
