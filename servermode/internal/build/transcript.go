package build

import (
	"os"
	"strings"
	"sync"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// maxTranscript is how much of a build's output is kept for those who attach
// to it later, and told in all.
const maxTranscript = 1 << 20

// maxLastLine is how much of stderr the last line is looked for in.
const maxLastLine = 500

// transcript is what a build wrote, told to every init that waits for it.
type transcript struct {
	mu      sync.Mutex // guards what follows; held while sinks are told
	entries []entry
	kept    int
	sinks   map[*Sink]bool
}

type entry struct {
	stream runtimespec.Stream
	text   []byte
}

// attach tells a sink what was written and what will be, until detach.
func (t *transcript) attach(sink Sink) (detach func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.entries {
		sink.Log(e.stream, e.text)
	}
	if t.sinks == nil {
		t.sinks = map[*Sink]bool{}
	}
	key := &sink
	t.sinks[key] = true
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.sinks, key)
	}
}

const truncated = "\n(more output of the build is not shown)\n"

func (t *transcript) write(stream runtimespec.Stream, text []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept > maxTranscript {
		return
	}
	t.kept += len(text)
	text = append([]byte(nil), text...)
	if t.kept > maxTranscript {
		text = append(text, truncated...)
	}
	t.entries = append(t.entries, entry{stream, text})
	for sink := range t.sinks {
		(*sink).Log(stream, text)
	}
}

// told is how much was written so far.
func (t *transcript) told() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept
}

// lastLine is the last line on stderr that says something.
func (t *transcript) lastLine() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []byte
	for _, e := range t.entries {
		if e.stream == runtimespec.Stderr {
			errs = append(errs, e.text...)
		}
	}
	tail := strings.TrimSpace(string(errs[max(0, len(errs)-maxLastLine):]))
	return strings.TrimSpace(tail[strings.LastIndexByte(tail, '\n')+1:])
}

func (t *transcript) print(text string) { t.write(runtimespec.Stdout, []byte(text)) }

// note says something that is not about the build itself.
func (t *transcript) note(text string) { t.write(runtimespec.Stderr, []byte(text)) }

// pipe returns the writing end of a pipe whose content is written to the
// transcript. done, called once the writers have closed it, waits for the rest.
func (t *transcript) pipe(stream runtimespec.Stream) (w *os.File, done func(), err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer r.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := r.Read(buf)
			if n > 0 {
				t.write(stream, buf[:n])
			}
			if err != nil {
				return
			}
		}
	})
	return w, reading.Wait, nil
}
