package openserverless

import (
	"bytes"
	"sync"

	"github.com/whiskaway/whiskaway/internal/jsontext"
	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
	"github.com/whiskaway/whiskaway/servermode/internal/outcome"
)

// log keeps an activation's log for its answer.
type log struct {
	invoke.Stages

	mu       sync.Mutex // guards what follows
	budget   invoke.LogBudget
	out, err []byte
}

// Log takes what the function wrote.
func (l *log) Log(stream runtimespec.Stream, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text = l.budget.Take(text)
	if stream == runtimespec.Stdout {
		l.out = append(l.out, text...)
	} else {
		l.err = append(l.err, text...)
	}
}

// envelope returns the dialect's answer to a run. Its client copies the logs to the
// container's streams as they are, so they contain the sentinels.
func (l *log) envelope(result []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]byte, 0, len(result)+len(l.out)+len(l.err)+256)
	out = append(append(out, `{"response":`...), bytes.TrimSpace(result)...)
	out = appendLog(append(out, `,"out":`...), l.out)
	out = appendLog(append(out, `,"err":`...), l.err)
	return append(out, '}')
}

// appendLog appends a log as a JSON string, with the sentinel on a line of its own.
func appendLog(dst, log []byte) []byte {
	if len(log) > 0 && log[len(log)-1] != '\n' {
		log = append(log, '\n')
	}
	log = append(bytes.ToValidUTF8(log, []byte("\uFFFD")), runtimespec.Sentinel+"\n"...)
	dst, _ = jsontext.AppendQuote(dst, log) // it is UTF-8
	return dst
}

// maxExplained is how many bytes of a log an error contains.
const maxExplained = 2 << 10

// explain adds the end of what an action wrote to a failed init's error, because
// this dialect has no other place for it.
func (l *log) explain(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := bytes.TrimSpace(append(append(l.out, '\n'), l.err...))
	if len(text) == 0 {
		return err
	}
	if len(text) > maxExplained {
		text = text[len(text)-maxExplained:]
	}
	r := outcome.Refusal(err)
	return refusal.New(r.Reason, "%s: %s", r.Message, bytes.ToValidUTF8(text, nil))
}
