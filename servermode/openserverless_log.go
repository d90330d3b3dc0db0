package servermode

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// keptLog keeps an activation's log for its answer.
type keptLog struct {
	stages
	max int

	mu       sync.Mutex // guards what follows
	total    int
	out, err []byte
}

// Log takes what the function wrote. Beyond the limit it is dropped, with one
// line to say so.
func (l *keptLog) Log(stream runtimespec.Stream, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.max - l.total
	if left < 0 {
		return
	}
	l.total += len(text)
	if len(text) > left {
		text = fmt.Appendf(text[:left:left], truncated, l.max)
	}
	if stream == runtimespec.Stdout {
		l.out = append(l.out, text...)
	} else {
		l.err = append(l.err, text...)
	}
}

// envelope is the dialect's answer to a run. Its client copies the logs to the
// container's streams as they are, so the sentinels are in them.
func (l *keptLog) envelope(result []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]byte, 0, len(result)+len(l.out)+len(l.err)+256)
	out = append(append(out, `{"response":`...), bytes.TrimSpace(result)...)
	out = appendLog(append(out, `,"out":`...), l.out)
	out = appendLog(append(out, `,"err":`...), l.err)
	return append(out, '}')
}

// appendLog appends a log as a JSON string, with the sentinel on a line of its
// own.
func appendLog(dst, log []byte) []byte {
	if len(log) > 0 && log[len(log)-1] != '\n' {
		log = append(log, '\n')
	}
	log = append(bytes.ToValidUTF8(log, []byte("\uFFFD")), runtimespec.Sentinel+"\n"...)
	dst, _ = jsontext.AppendQuote(dst, log) // it is UTF-8
	return dst
}

// maxExplained is how much of a log an error tells, in bytes.
const maxExplained = 2 << 10

// explain adds the end of what an action wrote to a failed init's error: this
// dialect has no other place for it.
func (l *keptLog) explain(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := bytes.TrimSpace(append(append(l.out, '\n'), l.err...))
	if len(text) == 0 {
		return err
	}
	if len(text) > maxExplained {
		text = text[len(text)-maxExplained:]
	}
	r := asRefusal(err)
	return refusal(r.Reason, r.Message+": "+string(bytes.ToValidUTF8(text, nil)))
}
