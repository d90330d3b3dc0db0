// Package trace makes the spans of servers and balancers and sends them to a
// collector by OTLP over HTTP. It is off unless OpenTelemetry's own variables
// name a collector; then a Tracer is nil, a Span zero, and all that is done with
// them costs a comparison.
//
// The spans are the OpenTelemetry SDK's, so its variables mean what they mean
// elsewhere. The SDK drops spans that do not fit into its queue silently, so a
// bound before the queue counts them.
package trace

import (
	"context"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
)

// Tracer makes the spans of one service; nil makes none.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   api.Tracer
	exporter *otlptrace.Exporter
	queue    *queue
}

// Enabled reports whether the environment names a collector of traces.
func Enabled() bool {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"} {
		if os.Getenv(name) != "" {
			return !strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true")
		}
	}
	return false
}

// scope names who makes the spans.
const scope = "github.com/whiskaway/whiskaway"

// Open returns the tracer of a service, nil when traces are off. instance tells
// it from others of its name. What the collector does, or does not, is logged,
// and never the caller's concern.
func Open(service, instance string, log *zap.Logger) (*Tracer, error) {
	if !Enabled() {
		return nil, nil
	}
	log = log.Named("trace")
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("tracing", zap.Error(err)) }))
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithRetry(retry))
	if err != nil {
		return nil, err
	}
	of, err := resource.New(context.Background(),
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", service), attribute.String("service.instance.id", instance)),
		resource.WithFromEnv()) // last: what the operator says goes before
	if err != nil {
		log.Warn("OTEL_RESOURCE_ATTRIBUTES", zap.Error(err))
	}
	t := &Tracer{exporter: exporter, queue: newQueue(exporter, log)}
	t.provider = sdk.NewTracerProvider(sdk.WithSpanProcessor(t.queue), sdk.WithResource(of)) // its sampler is the environment's
	t.tracer = t.provider.Tracer(scope)
	log.Info("traces are sent by OTLP")
	return t, nil
}

// retry is how a batch is tried again that the collector did not take: a
// restart of it is bridged, and what waits meanwhile is bounded by the queue.
var retry = otlptracehttp.RetryConfig{Enabled: true, InitialInterval: 500 * time.Millisecond, MaxInterval: 5 * time.Second, MaxElapsedTime: 15 * time.Second}

// flushTime is how long the last spans are given to leave.
const flushTime = 2 * time.Second

// Close sends what is left, for as long as ctx and flushTime let it.
func (t *Tracer) Close(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	_ = t.provider.Shutdown(ctx)
	_ = t.exporter.Shutdown(ctx) // ends a request under way
}

// Counts are spans since the start: sent, and not sent because the queue was
// full or the collector did not take them.
func (t *Tracer) Counts() (sent, dropped float64) {
	if t == nil {
		return 0, 0
	}
	return float64(t.queue.sent.Load()), float64(t.queue.dropped.Load())
}
