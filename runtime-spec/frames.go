package runtimespec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Stream is the first byte of a frame.
type Stream byte

// Streams of an answer.
const (
	Stdout Stream = 1
	Stderr Stream = 2
	Result Stream = 3 // exactly one, the last frame
	Cause  Stream = 4 // a Reason, just before the result of a failure
)

// FrameHeader is the size of a frame's head: stream, zero, status, length.
const FrameHeader = 8

// MaxLogFrame is the largest payload of a log frame, in bytes.
const MaxLogFrame = 64 << 10

// maxCause bounds the payload of a cause frame, in bytes.
const maxCause = 64

// Errors of a frame stream. After ErrTruncated the run may have started: the
// stream ended without its result frame.
var (
	ErrFrame     = errors.New("malformed frame")
	ErrTruncated = errors.New("the answer ended without its result")
)

// AppendFrame appends one frame to dst. status is used in result frames only.
func AppendFrame(dst []byte, stream Stream, status int, payload []byte) []byte {
	return append(AppendFrameHeader(dst, stream, status, len(payload)), payload...)
}

// AppendFrameHeader appends the head of a frame whose payload follows.
func AppendFrameHeader(dst []byte, stream Stream, status, length int) []byte {
	dst = append(dst, byte(stream), 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(status))
	return binary.BigEndian.AppendUint32(dst, uint32(length))
}

// AppendLog appends a log of any length as frames of at most MaxLogFrame.
func AppendLog(dst []byte, stream Stream, log []byte) []byte {
	for len(log) > MaxLogFrame {
		dst = AppendFrame(dst, stream, 0, log[:MaxLogFrame])
		log = log[MaxLogFrame:]
	}
	if len(log) == 0 {
		return dst
	}
	return AppendFrame(dst, stream, 0, log)
}

// ResultTooLarge is the error of a result over the reader's limit. It is an
// ErrFrame from which the reader learns the result's status and size.
type ResultTooLarge struct {
	Status int
	Length uint32 // bytes
	Limit  int    // bytes
}

func (e *ResultTooLarge) Error() string {
	return fmt.Sprintf("%v: a result of %d bytes, over the limit of %d", ErrFrame, e.Length, e.Limit)
}

func (e *ResultTooLarge) Unwrap() error { return ErrFrame }

// Frame is one decoded frame; Payload is valid until the next one is read.
type Frame struct {
	Stream  Stream
	Status  int
	Payload []byte
}

// FrameReader decodes an answer.
type FrameReader struct {
	r         io.Reader
	maxResult int
	head      [FrameHeader]byte
	log       []byte
	caused    bool // a cause was read: the result must be a failure
	done      bool
}

// NewFrameReader reads frames from r. The result may have up to maxResult
// bytes.
func NewFrameReader(r io.Reader, maxResult int) *FrameReader {
	return &FrameReader{r: r, maxResult: maxResult}
}

// Next returns the next frame. After the result frame it returns io.EOF,
// provided that nothing follows. The caller may keep a result's payload.
func (f *FrameReader) Next() (Frame, error) {
	if f.done {
		if n, err := io.ReadFull(f.r, f.head[:1]); n > 0 {
			return Frame{}, fmt.Errorf("%w: bytes after the result", ErrFrame)
		} else if err != io.EOF {
			return Frame{}, err
		}
		return Frame{}, io.EOF
	}
	if _, err := io.ReadFull(f.r, f.head[:]); err != nil {
		return Frame{}, truncated(err)
	}
	stream, length := Stream(f.head[0]), int(binary.BigEndian.Uint32(f.head[4:]))
	status := int(binary.BigEndian.Uint16(f.head[2:]))
	if err := f.check(stream, status, length); err != nil {
		return Frame{}, err
	}
	payload := f.payload(stream, length)
	if _, err := io.ReadFull(f.r, payload); err != nil {
		return Frame{}, truncated(err)
	}
	f.caused, f.done = stream == Cause, stream == Result
	return Frame{Stream: stream, Status: status, Payload: payload}, nil
}

func (f *FrameReader) check(stream Stream, status, length int) error {
	limit := MaxLogFrame
	switch {
	case f.head[1] != 0 || stream < Stdout || stream > Cause:
		return fmt.Errorf("%w: head % x", ErrFrame, f.head)
	case stream != Result && status != 0:
		return fmt.Errorf("%w: status %d outside a result", ErrFrame, status)
	case f.caused && (stream != Result || status < 400):
		return fmt.Errorf("%w: no failing result after the cause", ErrFrame)
	case stream == Result && (status < 200 || status > 599):
		return fmt.Errorf("%w: result status %d", ErrFrame, status)
	case stream == Result && (length < 0 || length > f.maxResult):
		return &ResultTooLarge{Status: status, Length: binary.BigEndian.Uint32(f.head[4:]), Limit: f.maxResult}
	case stream == Result:
		limit = f.maxResult
	case stream == Cause:
		limit = maxCause
	}
	if length < 0 || length > limit { // negative: a uint32 in an int of 32 bits
		return fmt.Errorf("%w: %d bytes on stream %d, over the limit of %d", ErrFrame, length, stream, limit)
	}
	return nil
}

func (f *FrameReader) payload(stream Stream, length int) []byte {
	if stream == Result {
		return make([]byte, length)
	}
	if cap(f.log) < length {
		f.log = make([]byte, length)
	}
	return f.log[:length]
}

func truncated(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrTruncated
	}
	return fmt.Errorf("%w: %w", ErrTruncated, err)
}
