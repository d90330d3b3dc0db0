package trace

import (
	"context"
	"sync/atomic"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/zap"
)

// maxQueued is how many spans may wait for the collector, about 2 MB.
const maxQueued = 2048

// queue is the SDK's batching behind a bound that is counted. The SDK's own
// queue drops spans without notice.
type queue struct {
	sdk.SpanProcessor
	export  sdk.SpanExporter
	log     *zap.Logger
	failing bool // the last batch failed; the batcher sends one at a time

	waiting, sent, dropped atomic.Int64
}

func newQueue(export sdk.SpanExporter, log *zap.Logger) *queue {
	q := &queue{export: export, log: log}
	q.SpanProcessor = sdk.NewBatchSpanProcessor(batches{q}, sdk.WithMaxQueueSize(maxQueued))
	return q
}

// OnEnd queues a span that has ended, unless too many wait.
func (q *queue) OnEnd(s sdk.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() { // the batcher ignores it
		return
	}
	if q.waiting.Add(1) > maxQueued {
		q.waiting.Add(-1)
		q.dropped.Add(1)
		return
	}
	q.SpanProcessor.OnEnd(s)
}

// batches are what the batcher sends.
type batches struct{ *queue }

// ExportSpans sends a batch. It counts every batch that fails and logs the
// first of consecutive failures.
func (b batches) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := b.export.ExportSpans(ctx, spans)
	b.waiting.Add(-int64(len(spans)))
	switch {
	case err == nil:
		b.sent.Add(int64(len(spans)))
	case !b.failing:
		b.log.Warn("the collector does not take spans; they are dropped and counted", zap.Error(err))
		fallthrough
	default:
		b.dropped.Add(int64(len(spans)))
	}
	b.failing = err != nil
	return nil
}

// Shutdown ends the exporter.
func (b batches) Shutdown(ctx context.Context) error { return b.export.Shutdown(ctx) }
