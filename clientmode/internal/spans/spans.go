// Package spans records what a client container does and sends it to a
// collector, by OTLP over HTTP in JSON. OpenTelemetry's SDK is as large as the
// whole container; this is the part of it that three kinds of spans need, told
// by the same variables.
package spans

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/hop"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Tracer makes spans and sends them; nil makes none.
type Tracer struct {
	log      *zap.Logger
	sampler  sampler
	resource []attribute
	pool     *hop.Pool
	request  hop.Request // without its body
	patience time.Duration

	queue chan *record
	stop  chan struct{} // closed when nothing more is to be sent than what waits
	ended chan struct{} // closed when the last batch is sent, or given up
	down  bool          // the last batch was not taken; the sending goroutine's
	lost  atomic.Int64  // spans that were dropped since a batch was taken
}

// maxQueued is how many spans wait for the collector at most, 512 KB or so.
const maxQueued = 512

// Open returns a tracer as the variables of environ say, nil when they name no
// collector. instance tells this container from others.
func Open(environ []string, instance string, log *zap.Logger) (*Tracer, error) {
	env := environment(environ)
	target := env.target()
	if target == "" {
		return nil, nil
	}
	t := &Tracer{log: log.Named("spans"), queue: make(chan *record, maxQueued), stop: make(chan struct{}), ended: make(chan struct{})}
	t.resource = env.resource(instance)
	var err error
	if t.sampler, err = env.sampler(); err != nil {
		return nil, err
	}
	if t.patience, err = env.timeout(); err != nil {
		return nil, err
	}
	if t.pool, t.request, err = env.collector(target); err != nil {
		return nil, err
	}
	go t.send()
	return t, nil
}

// Close sends what is left until ctx ends. What ends later is not sent.
func (t *Tracer) Close(ctx context.Context) {
	if t == nil {
		return
	}
	close(t.stop)
	select {
	case <-t.ended:
	case <-ctx.Done():
	}
	t.pool.CloseIdle()
}

// Span is something that takes time, and Trace what is told of it to whoever
// else has a part in it. It is passed as a value: a copy is the same span.
type Span struct {
	Trace  runtimespec.Trace
	record *record // nil: it is not recorded
}

// record is a span as it is sent.
type record struct {
	of         *Tracer
	name       string
	server     bool // it answers a request
	trace      string
	id, parent string
	state      string
	began, end time.Time
	attributes []attribute
	failed     string // in the contract's word; empty: it is well
}

type attribute struct{ key, value string }

// Receive begins the span of a request that came with a trace context. Without
// one it begins a trace.
func (t *Tracer) Receive(in runtimespec.Trace, name string) Span {
	if t == nil {
		return Span{Trace: in}
	}
	s := t.begin(in, name)
	if s.record != nil {
		s.record.server = true
	}
	return s
}

// Begin begins a trace of something that nobody asked for.
func (t *Tracer) Begin(name string) Span {
	if t == nil {
		return Span{}
	}
	return t.begin(runtimespec.Trace{}, name)
}

func (t *Tracer) begin(in runtimespec.Trace, name string) Span {
	id := in.ID()
	if id == "" {
		id = newID(2)
	}
	recorded := t.sampler(in, id)
	if !recorded && in.Parent != "" && !in.Sampled() {
		return Span{Trace: in}
	}
	span := newID(1)
	if !recorded {
		return Span{Trace: runtimespec.Trace{Parent: "00-" + id + "-" + span + "-00", State: in.State}}
	}
	return Span{
		Trace:  runtimespec.Trace{Parent: "00-" + id + "-" + span + "-01", State: in.State},
		record: &record{of: t, name: name, trace: id, id: span, parent: in.Span(), state: in.State, began: time.Now()},
	}
}

// newID is words of 8 random bytes, in hex; never all zero.
func newID(words int) string {
	raw := make([]byte, 0, 16)
	for range words {
		raw = binary.BigEndian.AppendUint64(raw, rand.Uint64()|1)
	}
	return hex.EncodeToString(raw)
}

// Child begins a part of s; of what is not recorded no part is.
func (s Span) Child(name string) Span {
	if s.record == nil {
		return s
	}
	return s.record.of.child(s, name)
}

func (t *Tracer) child(s Span, name string) Span {
	id := newID(1)
	return Span{
		Trace:  runtimespec.Trace{Parent: "00-" + s.record.trace + "-" + id + "-01", State: s.Trace.State},
		record: &record{of: t, name: name, trace: s.record.trace, id: id, parent: s.record.id, state: s.Trace.State, began: time.Now()},
	}
}

// Say says something of the span.
func (s Span) Say(key, value string) {
	if s.record != nil && value != "" {
		s.record.attributes = append(s.record.attributes, attribute{key, value})
	}
}

// Fail says that it did not come to a good end.
func (s Span) Fail(reason string) {
	if s.record != nil {
		s.Say("error.type", reason)
		s.record.failed = reason
	}
}

// End ends the span; nothing is to be said of it any more. When too many wait
// for the collector it is dropped.
func (s Span) End() {
	if s.record == nil {
		return
	}
	s.record.end = time.Now()
	select {
	case s.record.of.queue <- s.record:
	default:
		s.record.of.lost.Add(1)
	}
}
