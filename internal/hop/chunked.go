package hop

import (
	"bufio"
	"bytes"
	"io"
	"net/http/httputil"
)

// chunked reads a body in chunks, and what comes behind the last one.
type chunked struct {
	in     *bufio.Reader
	chunks io.Reader
	ended  bool
}

func newChunked(in *bufio.Reader) *chunked {
	return &chunked{in: in, chunks: httputil.NewChunkedReader(in)}
}

func (b *chunked) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	n, err := b.chunks.Read(p)
	if err != io.EOF {
		return n, err
	}
	if err := b.trailer(); err != nil {
		return n, err
	}
	b.ended = true
	return n, io.EOF
}

// trailer passes over the lines behind the last chunk.
func (b *chunked) trailer() error {
	for size, begins := 0, true; ; {
		line, err := b.in.ReadSlice('\n')
		switch {
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil && err != bufio.ErrBufferFull:
			return err
		case begins && len(bytes.TrimRight(line, "\r\n")) == 0:
			return nil
		}
		if size += len(line); size > maxHead {
			return errHeadSize
		}
		begins = err == nil
	}
}
