package harness

import (
	"bytes"
	"io"
)

var lengthIs, chunked, lastChunk = []byte("Content-Length: "), []byte("Transfer-Encoding: chunked"), []byte("\r\n0\r\n\r\n")

// ReadMessage reads one HTTP message into buf without allocating: a head, and
// the body up to its Content-Length or its last chunk. Nothing may follow the
// message before it is answered.
func ReadMessage(from io.Reader, buf []byte) (n int, err error) {
	for {
		got, err := from.Read(buf[n:])
		if err != nil {
			return n, err
		}
		n += got
		end := bytes.Index(buf[:n], []byte("\r\n\r\n"))
		switch {
		case end < 0:
		case bytes.Contains(buf[:end], chunked):
			if bytes.HasSuffix(buf[:n], lastChunk) {
				return n, nil
			}
		case n >= end+4+length(buf[:end]):
			return n, nil
		}
	}
}

// length returns a head's Content-Length, 0 if there is none.
func length(head []byte) (bytesOfBody int) {
	at := bytes.Index(head, lengthIs)
	if at < 0 {
		return 0
	}
	for _, digit := range head[at+len(lengthIs):] {
		if digit < '0' || digit > '9' {
			break
		}
		bytesOfBody = 10*bytesOfBody + int(digit-'0')
	}
	return bytesOfBody
}
