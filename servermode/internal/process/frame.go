package process

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// ErrProtocol means that a launcher, or code that interfered with it, broke the
// framed protocol.
var ErrProtocol = errors.New("the process did not keep to its protocol")

const (
	// frameHead: run uint32, stream byte, zero byte, status uint16, length uint32.
	frameHead = 12
	// maxLogFrame bounds one piece of a log.
	maxLogFrame = 64 << 10
)

// Statuses of a result frame.
const (
	statusOK     = 200
	statusThrown = 502
)

// frame is one unit of the framed protocol on descriptor 3.
type frame struct {
	run     uint32
	stream  runtimespec.Stream
	status  int
	length  int
	payload []byte // valid until the next frame; nil if it was too long
}

// readFrame reads one frame into buf and returns buf, grown if need be. It reads and
// drops the payload of a result beyond max, so that the process is not blocked
// writing.
func readFrame(r io.Reader, buf []byte, max int) (frame, []byte, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, buf, err
	}
	f := frame{
		run: binary.BigEndian.Uint32(head[0:]), stream: runtimespec.Stream(head[4]),
		status: int(binary.BigEndian.Uint16(head[6:])), length: int(binary.BigEndian.Uint32(head[8:])),
	}
	if err := f.check(head[5]); err != nil {
		return f, buf, err
	}
	if f.length > max && f.stream == runtimespec.Result {
		_, err := io.CopyN(io.Discard, r, int64(f.length))
		return f, buf, err
	}
	if cap(buf) < f.length {
		buf = make([]byte, f.length)
	}
	f.payload = buf[:f.length]
	_, err := io.ReadFull(r, f.payload)
	return f, buf, err
}

func (f frame) check(reserved byte) error {
	switch {
	case reserved != 0:
	case f.stream == runtimespec.Result:
		if f.status == statusOK || f.status == statusThrown {
			return nil
		}
	case f.stream == runtimespec.Stdout, f.stream == runtimespec.Stderr:
		if f.status == 0 && f.length <= maxLogFrame {
			return nil
		}
	}
	return fmt.Errorf("%w: stream %d, status %d, %d bytes", ErrProtocol, f.stream, f.status, f.length)
}
