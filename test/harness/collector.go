package harness

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a span that the collector received.
type Span struct {
	Service, Name     string
	Trace, ID, Parent string // in hex
	Kind              int    // 1: internal, 2: server, 3: client
	Attributes        map[string]string
	Failed            bool
}

// Collector accepts traces by OTLP over HTTP.
type Collector struct {
	URL string
	// Status is the status of answers to posts; 0: the collector accepts them.
	Status int

	mu    sync.Mutex // guards what follows
	spans []Span
	raw   bytes.Buffer
	posts int
	auth  map[string]bool
}

// NewCollector serves until the test ends. With a status it refuses everything.
func NewCollector(t testing.TB, status int) *Collector {
	c := &Collector{Status: status, auth: map[string]bool{}}
	server := httptest.NewServer(http.HandlerFunc(c.take))
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// Env makes a binary send its traces to the collector, without much delay.
func (c *Collector) Env(more ...string) []string {
	return append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_BSP_SCHEDULE_DELAY=50"}, more...)
}

// Spans returns the spans that have arrived.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Span{}, c.spans...)
}

// Posts returns how many batches have come; Raw is all that was in them.
func (c *Collector) Posts() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.posts
}

func (c *Collector) Raw() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw.String()
}

// Authorized reports whether some post had this Authorization header.
func (c *Collector) Authorized(value string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.auth[value]
}

// Await waits for a span of a service.
func (c *Collector) Await(t testing.TB, trace, service, name string) (found Span) {
	t.Helper()
	Eventually(t, func() bool {
		for _, s := range c.Spans() {
			if (trace == "" || s.Trace == trace) && s.Service == service && s.Name == name {
				found = s
				return true
			}
		}
		return false
	}, service+" has sent "+name)
	return found
}

func (c *Collector) take(w http.ResponseWriter, r *http.Request) {
	var from io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		zipped, err := gzip.NewReader(from)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		from = zipped
	}
	body, err := io.ReadAll(from)
	var spans []Span
	switch {
	case err != nil || r.URL.Path != "/v1/traces" || r.Method != http.MethodPost:
		http.NotFound(w, r)
		return
	case r.Header.Get("Content-Type") == "application/json":
		spans, err = fromJSON(body)
	default:
		spans, err = fromProtobuf(body)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.posts++
	c.raw.Write(body)
	c.auth[r.Header.Get("Authorization")] = true
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case c.Status != 0:
		w.WriteHeader(c.Status)
	default:
		c.spans = append(c.spans, spans...)
	}
}

func fromProtobuf(body []byte) (spans []Span, err error) {
	var request collect.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		return nil, err
	}
	for _, of := range request.ResourceSpans {
		service := values(of.Resource.Attributes)["service.name"]
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				spans = append(spans, Span{
					Service: service, Name: s.Name, Trace: hex.EncodeToString(s.TraceId), ID: hex.EncodeToString(s.SpanId), Parent: hex.EncodeToString(s.ParentSpanId),
					Kind: int(s.Kind), Attributes: values(s.Attributes), Failed: s.Status.GetCode() == otlp.Status_STATUS_CODE_ERROR,
				})
			}
		}
	}
	return spans, nil
}

func values(attributes []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, a := range attributes {
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			out[a.Key] = v.StringValue
		case *common.AnyValue_BoolValue:
			out[a.Key] = map[bool]string{true: "true", false: "false"}[v.BoolValue]
		}
	}
	return out
}

// jsonSpans is as much of OTLP/JSON as a client container says.
type jsonSpans struct {
	ResourceSpans []struct {
		Resource   struct{ Attributes jsonAttributes }
		ScopeSpans []struct {
			Spans []struct {
				TraceID, SpanID, ParentSpanID, Name string
				Kind                                int
				StartTimeUnixNano, EndTimeUnixNano  int64 `json:",string"`
				Attributes                          jsonAttributes
				Status                              struct{ Code int }
			}
		}
	}
}

type jsonAttributes []struct {
	Key   string
	Value struct{ StringValue string }
}

func (a jsonAttributes) values() map[string]string {
	out := map[string]string{}
	for _, pair := range a {
		out[pair.Key] = pair.Value.StringValue
	}
	return out
}

func fromJSON(body []byte) (spans []Span, err error) {
	var request jsonSpans
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, err
	}
	for _, of := range request.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				spans = append(spans, Span{
					Service: of.Resource.Attributes.values()["service.name"], Name: s.Name, Trace: s.TraceID, ID: s.SpanID, Parent: s.ParentSpanID,
					Kind: s.Kind, Attributes: s.Attributes.values(), Failed: s.Status.Code == 2,
				})
			}
		}
	}
	return spans, nil
}
