package output

import (
	"bytes"
	"sync"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// LineWriter passes a container's output on line by line, without the sentinels.
type LineWriter struct {
	Show func(line []byte)

	mu   sync.Mutex // guards rest
	rest []byte     // an unfinished line
}

// Write never fails: a display error must not stop a container.
func (w *LineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, rest, whole := bytes.Cut(w.rest, []byte{'\n'})
		if !whole {
			return len(p), nil
		}
		if string(line) != runtimespec.Sentinel {
			w.Show(line)
		}
		w.rest = rest
	}
}
