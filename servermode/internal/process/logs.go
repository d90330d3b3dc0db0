package process

import (
	"os"
	"sync"
	"syscall"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	readSize = 32 << 10
	// maxBacklog is how much is kept of what a process writes between runs.
	maxBacklog = 64 << 10
	// maxFinal bounds the last read of a run. No pipe holds more, so what is beyond
	// it was written after the result.
	maxFinal = 1 << 20
)

var buffers = sync.Pool{New: func() any { b := make([]byte, readSize); return &b }}

// logs reads a process's stdout and stderr, and gives each byte to the activation
// during which it was written.
//
// When a result line has arrived, everything that the process wrote before it is
// already in the pipes. A goroutine parked in Read would own the descriptor. So the
// pumps only wait there for readiness, and read the raw descriptor under mu.
type logs struct {
	out, err *os.File
	done     sync.WaitGroup

	// mu guards what follows and every read of the two pipes. Methods that do not lock
	// it are called with it held.
	mu      sync.Mutex
	sink    Sink // nil between runs
	backlog []entry
	kept    int // bytes in backlog
	closed  bool
}

type entry struct {
	stream runtimespec.Stream
	text   []byte
}

func (l *logs) start(out, err *os.File) {
	l.out, l.err = out, err
	l.done.Go(func() { l.pump(out, runtimespec.Stdout) })
	l.done.Go(func() { l.pump(err, runtimespec.Stderr) })
}

// pump reads while the process writes, so that the process never blocks on its logs
// and a run's logs are live.
func (l *logs) pump(f *os.File, stream runtimespec.Stream) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Read(func(fd uintptr) bool {
		for {
			l.mu.Lock()
			state := l.read(int(fd), stream)
			l.mu.Unlock()
			if state != more {
				return state == ended
			}
		}
	})
}

type readState int

const (
	more  readState = iota // there may be more to read now
	empty                  // nothing for now
	ended                  // end of file, or an error that ends it
)

// read reads once.
func (l *logs) read(fd int, stream runtimespec.Stream) readState {
	if l.closed { // a process that escaped the kill may write forever
		return ended
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	n, err := syscall.Read(fd, *buf)
	switch {
	case n > 0:
		l.deliver(stream, (*buf)[:n])
		return more
	case err == syscall.EINTR:
		return more
	case err == syscall.EAGAIN:
		return empty
	}
	return ended
}

func (l *logs) deliver(stream runtimespec.Stream, text []byte) {
	if l.sink != nil {
		l.sink.Log(stream, text)
		return
	}
	if text = text[:min(len(text), maxBacklog-l.kept)]; len(text) > 0 {
		l.backlog = append(l.backlog, entry{stream, append([]byte(nil), text...)})
		l.kept += len(text)
	}
}

// attach directs the logs to a run. The run first gets those that were written since
// the last one: prints of the import, or of background threads.
func (l *logs) attach(sink Sink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drain()
	l.sink = sink
	l.flushBacklog(sink)
}

// detach gives the run what is still in its pipes, and then takes the logs away from
// it.
func (l *logs) detach(sink Sink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flushBacklog(sink)
	l.sink = sink
	l.drain()
	l.sink = nil
}

// pass directs the logs to another run, or with nil to the next one. What is in the
// pipes by now goes to the run that had them.
func (l *logs) pass(to Sink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drain()
	l.sink = to
}

// give passes a piece of a run's own log to the run. It does not overlap with logs
// from the pipes.
func (l *logs) give(sink Sink, stream runtimespec.Stream, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sink.Log(stream, text)
}

func (l *logs) flushBacklog(sink Sink) {
	for _, e := range l.backlog {
		sink.Log(e.stream, e.text)
	}
	l.backlog, l.kept = nil, 0
}

// drain reads both pipes until they are empty.
func (l *logs) drain() {
	if l.closed {
		return
	}
	for _, pipe := range []struct {
		file   *os.File
		stream runtimespec.Stream
	}{{l.out, runtimespec.Stdout}, {l.err, runtimespec.Stderr}} {
		raw, err := pipe.file.SyscallConn()
		if err != nil {
			continue
		}
		_ = raw.Control(func(fd uintptr) {
			for left := maxFinal; left > 0 && l.read(int(fd), pipe.stream) == more; left -= readSize {
			}
		})
	}
}

// close ends the pumps and frees the pipes.
func (l *logs) close() {
	l.mu.Lock()
	already := l.closed
	l.closed = true
	l.mu.Unlock()
	if !already {
		_ = l.out.Close()
		_ = l.err.Close()
	}
	l.done.Wait()
}
