package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"strings"
)

// chunked reads a chunked body and the trailer behind it.
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
		return n, misread(err)
	}
	if err := b.trailer(); err != nil {
		return n, err
	}
	b.ended = true
	return n, io.EOF
}

// misread marks an error in the chunks themselves, for which net/http has no
// type.
func misread(err error) error {
	if err != nil && (errors.Is(err, httputil.ErrLineTooLong) || strings.Contains(err.Error(), "chunk")) {
		return fmt.Errorf("%w: %w", ErrNoHTTP, err)
	}
	return err
}

// trailer skips the lines behind the last chunk.
func (b *chunked) trailer() error {
	for size := 0; ; {
		line, err := b.in.ReadSlice('\n')
		if size += len(line); err == bufio.ErrBufferFull || size > maxHead {
			return errHeadSize
		}
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		text, whole := bytes.CutSuffix(line, []byte("\r\n"))
		if whole && len(text) == 0 {
			return nil
		}
		if _, value, ok := field(text); !whole || !ok || !plain(value) {
			return fmt.Errorf("%w: trailer line %.60q", ErrNoHTTP, line)
		}
	}
}
