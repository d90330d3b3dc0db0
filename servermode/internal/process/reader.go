package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

const (
	// firstRead is the size of the buffer that results are read into; most fit.
	firstRead = 4 << 10
	// lastReads is how often a pipe is read after its deadline, so that a result
	// that is already in it is not lost.
	lastReads = 64
)

// reader takes what comes on descriptor 3: result lines, or frames.
type reader struct {
	file  *os.File
	raw   syscall.RawConn
	max   int
	first []byte // the initial buffer
	last  int    // length of the line before
	late  int    // reads after the deadline
	rest  bool   // bytes came after a line: nothing more from here can be trusted
	eof   bool   // no later result can come
}

func newReader(file *os.File, limit int) *reader {
	raw, _ := file.SyscallConn() // a file made by os.Pipe always has one
	return &reader{file: file, raw: raw, max: limit, first: make([]byte, 0, firstRead)}
}

// line reads up to the next newline and returns what came before it. It reads a line
// that exceeds the limit to its end, so that the process is not blocked writing, and
// reports its length.
func (r *reader) line() ([]byte, error) {
	buf, total := r.first[:0], 0
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		chunk := buf[len(buf) : len(buf)+n]
		buf = buf[:len(buf)+n]
		if end := bytes.IndexByte(chunk, '\n'); end >= 0 {
			r.rest = end < n-1
			total += end
			if total > r.max {
				return nil, fmt.Errorf("%w: %d > %d bytes", ErrTooLarge, total, r.max)
			}
			r.last = total
			return fitting(buf[:total:cap(buf)]), nil
		}
		if err != nil {
			return nil, readFailed(err)
		}
		if total += n; total > r.max {
			buf = buf[:0] // discarded from here on
		} else if len(buf) == cap(buf) {
			buf = r.grown(buf)
		}
	}
}

// grown returns a larger buffer, at least as large as the last result.
func (r *reader) grown(buf []byte) []byte {
	size := 4 * cap(buf)
	if r.last >= cap(buf) {
		size = r.last + 1
	}
	out := make([]byte, len(buf), min(size, r.max+firstRead))
	copy(out, buf)
	return out
}

// fitting copies a line into memory of its own, with at most an eighth to spare,
// because it may be kept for long.
func fitting(line []byte) []byte {
	if cap(line) == firstRead || len(line) < cap(line)-cap(line)/8 {
		return bytes.Clone(line)
	}
	return line[:len(line):len(line)]
}

// Read reads once. After the deadline, which wait or interrupt sets, it takes only
// what is there.
func (r *reader) Read(buf []byte) (n int, err error) {
	n, err = r.file.Read(buf)
	if r.late < lastReads && errors.Is(err, os.ErrDeadlineExceeded) {
		r.late++
		_ = r.raw.Control(func(fd uintptr) {
			if got, _ := syscall.Read(int(fd), buf); got > 0 {
				n, err = got, nil
			}
		})
	}
	return n, err
}

// readFailed maps the end of the pipe, and the deadline that wait or interrupt sets,
// to the end of the process. The caller knows what cancelled it.
func readFailed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, os.ErrClosed) {
		return ErrExited
	}
	return err
}

// look checks without waiting whether the process wrote to descriptor 3 unasked
// (rest), or closed it (eof).
func (r *reader) look() {
	if r.rest {
		return
	}
	var one [1]byte
	_ = r.raw.Control(func(fd uintptr) {
		n, err := syscall.Read(int(fd), one[:])
		r.rest, r.eof = n > 0, n == 0 && err == nil
	})
}
