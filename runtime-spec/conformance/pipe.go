//go:build unix

package conformance

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// drainGrace bounds the wait for a writer outside the process group.
const drainGrace = 2 * time.Second

// pipe collects a process's output. It reads all the time, so that the writer
// never blocks. Each look at the output first reads to the last byte, so it
// shows everything written before, whatever the scheduler did.
type pipe struct {
	file *os.File
	raw  syscall.RawConn
	eof  chan struct{} // closed when no writer is left

	mu      sync.Mutex // guards content, and reading from the descriptor
	content []byte
}

// newPipe returns a pipe and its writing end, which the caller closes.
func newPipe() (*pipe, *os.File, error) {
	var fds [2]int
	syscall.ForkLock.RLock()
	err := syscall.Pipe(fds[:])
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("pipe: %w", err)
	}
	writer := os.NewFile(uintptr(fds[1]), "|1")
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		return nil, nil, errors.Join(err, syscall.Close(fds[0]), writer.Close())
	}
	reader := os.NewFile(uintptr(fds[0]), "|0")
	raw, err := reader.SyscallConn()
	if err != nil {
		return nil, nil, errors.Join(err, reader.Close(), writer.Close())
	}
	p := &pipe{file: reader, raw: raw, eof: make(chan struct{})}
	go p.collect()
	return p, writer, nil
}

func (p *pipe) collect() {
	defer close(p.eof)
	_ = p.raw.Read(func(fd uintptr) bool { return p.drain(fd) }) // fails on close
}

// drain reads until the pipe is empty and reports whether it has ended.
func (p *pipe) drain(fd uintptr) (ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var buf [64 << 10]byte
	for {
		n, err := syscall.Read(int(fd), buf[:])
		switch {
		case n > 0:
			p.content = append(p.content, buf[:n]...)
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return false
		default:
			return true
		}
	}
}

// bytes returns everything written so far.
func (p *pipe) bytes() []byte {
	_ = p.raw.Control(func(fd uintptr) { p.drain(fd) }) // fails when closed: all is read
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.content[:len(p.content):len(p.content)]
}

func (p *pipe) close() error {
	select {
	case <-p.eof:
	case <-time.After(drainGrace):
	}
	p.bytes()
	err := p.file.Close()
	<-p.eof
	return err
}
