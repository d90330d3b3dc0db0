package spans

import (
	"strconv"

	"github.com/whiskaway/whiskaway/internal/jsontext"
)

// What OTLP's numbers mean.
const (
	kindInternal = '1'
	kindServer   = '2'
	statusError  = '2'
)

// encode is a batch as OTLP/JSON has it: ids in hex, times as strings of
// nanoseconds.
func encode(resource []attribute, batch []*record) []byte {
	out := make([]byte, 0, 512*(len(batch)+1))
	out = append(out, `{"resourceSpans":[{"resource":`...)
	out = append(appendAttributes(append(out, '{'), resource), '}')
	out = append(out, `,"scopeSpans":[{"scope":{"name":"github.com/whiskaway/whiskaway"},"spans":[`...)
	for i, r := range batch {
		if i > 0 {
			out = append(out, ',')
		}
		out = r.append(out)
	}
	return append(out, `]}]}]}`...)
}

func (r *record) append(out []byte) []byte {
	out = append(append(append(out, `{"traceId":"`...), r.trace...), `","spanId":"`...)
	out = append(append(out, r.id...), '"')
	if r.parent != "" {
		out = append(append(append(out, `,"parentSpanId":"`...), r.parent...), '"')
	}
	if r.state != "" {
		out = jsontext.AppendString(append(out, `,"traceState":`...), r.state)
	}
	out = jsontext.AppendString(append(out, `,"name":`...), r.name)
	kind := byte(kindInternal)
	if r.server {
		kind = kindServer
	}
	out = append(append(out, `,"kind":`...), kind)
	out = strconv.AppendInt(append(out, `,"startTimeUnixNano":"`...), r.began.UnixNano(), 10)
	out = strconv.AppendInt(append(out, `","endTimeUnixNano":"`...), r.began.Add(r.end.Sub(r.began)).UnixNano(), 10)
	out = appendAttributes(append(out, `",`...), r.attributes)
	if r.failed != "" {
		out = append(append(out, `,"status":{"code":`...), statusError)
		out = append(jsontext.AppendString(append(out, `,"message":`...), r.failed), '}')
	}
	return append(out, '}')
}

func appendAttributes(out []byte, all []attribute) []byte {
	out = append(out, `"attributes":[`...)
	for i, a := range all {
		if i > 0 {
			out = append(out, ',')
		}
		out = jsontext.AppendString(append(out, `{"key":`...), a.key)
		out = append(jsontext.AppendString(append(out, `,"value":{"stringValue":`...), a.value), '}', '}')
	}
	return append(out, ']')
}
