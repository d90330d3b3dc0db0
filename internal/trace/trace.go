// Package trace records the spans of servers and balancers and sends them to a
// collector by OTLP over HTTP. It is off unless OpenTelemetry's own variables
// name a collector. When it is off, a Tracer is nil and a Span zero, and each
// call costs one comparison.
//
// The spans are the OpenTelemetry SDK's, so its variables mean what they mean
// elsewhere. The SDK silently drops spans that do not fit into its queue, so a
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

// Tracer starts the spans of one service; nil starts none.
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

// scope names the library that records the spans.
const scope = "github.com/whiskaway/whiskaway"

// Open returns the tracer of a service, nil when traces are off. instance tells
// it from other services of its name. Failures of the collector are logged and
// never returned.
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
		resource.WithFromEnv()) // last: the operator's attributes override ours
	if err != nil {
		log.Warn("OTEL_RESOURCE_ATTRIBUTES", zap.Error(err))
	}
	t := &Tracer{exporter: exporter, queue: newQueue(exporter, log)}
	t.provider = sdk.NewTracerProvider(sdk.WithSpanProcessor(t.queue), sdk.WithResource(of)) // the environment chooses the sampler
	t.tracer = t.provider.Tracer(scope)
	log.Info("traces are sent by OTLP")
	return t, nil
}

// retry bounds how a batch is retried that the collector did not accept. It
// bridges a restart of the collector; the queue bounds the spans that wait
// meanwhile.
var retry = otlptracehttp.RetryConfig{Enabled: true, InitialInterval: 500 * time.Millisecond, MaxInterval: 5 * time.Second, MaxElapsedTime: 15 * time.Second}

// flushTime bounds how long Close sends the last spans.
const flushTime = 2 * time.Second

// Close sends the spans that are left, until ctx or flushTime ends.
func (t *Tracer) Close(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	_ = t.provider.Shutdown(ctx)
	_ = t.exporter.Shutdown(ctx) // ends a request in progress
}

// Counts returns the number of spans since the start that were sent, and that
// were dropped because the queue was full or the collector did not accept them.
func (t *Tracer) Counts() (sent, dropped float64) {
	if t == nil {
		return 0, 0
	}
	return float64(t.queue.sent.Load()), float64(t.queue.dropped.Load())
}
