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
	// maxFinal bounds the last read of a run: no pipe holds more, so what is
	// beyond it was written after the result.
	maxFinal = 1 << 20
)

var buffers = sync.Pool{New: func() any { b := make([]byte, readSize); return &b }}

// logs reads a process's stdout and stderr and gives each byte to the
// activation during which it was written.
//
// When a result line has arrived, whatever the process wrote before it is in
// the pipes already. A goroutine parked in Read would own the descriptor, so
// the pumps only wait for readiness there, and every read is done on the raw
// descriptor under mu.
type logs struct {
	out, err *os.File
	done     sync.WaitGroup

	mu      sync.Mutex // guards the sink and every read of the two pipes
	sink    Sink       // nil between runs
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

// pump reads while the process writes, so that it never blocks on its logs
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

// read does one read; the caller holds mu.
func (l *logs) read(fd int, stream runtimespec.Stream) readState {
	if l.closed { // what escaped the kill may write forever
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

// begin directs the logs to a run, first those written since the last one:
// prints of the import, background threads.
func (l *logs) begin(sink Sink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drain()
	l.sink = sink
	l.flushBacklog(sink)
}

// finish takes what is still in the pipes for the run and detaches it.
func (l *logs) finish(sink Sink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flushBacklog(sink)
	l.sink = sink
	l.drain()
	l.sink = nil
}

// pass directs the logs to another run (nil: to the next) once those in the
// pipes are with the one that had them.
func (l *logs) pass(to Sink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drain()
	l.sink = to
}

// give hands a piece of a run's own log to it, alternating with what comes in the
// pipes.
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

// drain reads both pipes until they are empty; the caller holds mu.
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
