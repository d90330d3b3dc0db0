package build

import (
	"os"
	"strings"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	// maxTranscript is how much of a build's output is told, and kept for the
	// inits that attach to it later.
	maxTranscript = 1 << 20
	// maxTail is how much of the end is told too, if the build fails.
	maxTail = 4 << 10
	// maxLastLine is how much of stderr's end the last line is looked for in.
	maxLastLine = 500
	// maxErrors is how much of stderr's end is kept: some tools name the cause
	// first and then how they are used.
	maxErrors = 16 << 10
	// pipePause is how long a command's output is still read after the command has
	// ended: another process may hold the pipe.
	pipePause = time.Second
)

// transcript is what a build wrote. Every init that waits for the build gets it.
type transcript struct {
	mu      sync.Mutex // guards what follows; held while sinks are told
	entries []entry
	kept    int
	total   int
	tail    []byte // of what was not told
	errs    []byte // the end of stderr
	sinks   map[*Sink]bool
}

type entry struct {
	stream runtimespec.Stream
	text   []byte
}

// attach passes a sink what was written and what will be, until detach.
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
	t.total += len(text)
	if stream == runtimespec.Stderr {
		t.errs = endOf(append(t.errs, text...), maxErrors)
	}
	if t.kept > maxTranscript {
		t.tail = endOf(append(t.tail, text...), maxTail)
		return
	}
	text = append([]byte(nil), text...)
	if t.kept += len(text); t.kept > maxTranscript {
		text = append(text, truncated...)
	}
	t.tell(stream, text)
}

// tell passes text to the inits that wait.
func (t *transcript) tell(stream runtimespec.Stream, text []byte) {
	t.entries = append(t.entries, entry{stream, text})
	for sink := range t.sinks {
		(*sink).Log(stream, text)
	}
}

// end passes on the end of a long output whose build failed, because the cause
// stands there.
func (t *transcript) end(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil && len(t.tail) > 0 {
		t.tell(runtimespec.Stderr, append([]byte("(its end:)\n"), t.tail...))
	}
	t.tail = nil
}

func endOf(text []byte, n int) []byte { return text[max(0, len(text)-n):] }

// told returns how many bytes were written so far.
func (t *transcript) told() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total
}

// lastLine returns the last line on stderr that is not blank.
func (t *transcript) lastLine() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	tail := strings.TrimSpace(string(endOf(t.errs, maxLastLine)))
	return strings.TrimSpace(tail[strings.LastIndexByte(tail, '\n')+1:])
}

// lastErrors returns the end of what was written to stderr.
func (t *transcript) lastErrors() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.errs)
}

func (t *transcript) print(text string) { t.write(runtimespec.Stdout, []byte(text)) }

// note writes a line that is not the build's own output.
func (t *transcript) note(text string) { t.write(runtimespec.Stderr, []byte(text)) }

// pipe returns the writing end of a pipe whose content is written to the
// transcript. done, called once the command has ended, takes what is left.
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
	return w, func() {
		_ = r.SetReadDeadline(time.Now().Add(pipePause))
		reading.Wait()
	}, nil
}
