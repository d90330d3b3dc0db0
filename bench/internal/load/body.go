package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

var errTooLong = fmt.Errorf("the answer is longer than %d MiB", maxBody>>20)

// grow reads n more bytes of the body.
func (a *Answer) grow(from *bufio.Reader, n int64) error {
	have := len(a.Body)
	if n > maxBody-int64(have) {
		return errTooLong
	}
	a.Body = slices.Grow(a.Body, int(n))[:have+int(n)]
	_, err := io.ReadFull(from, a.Body[have:])
	return broken(err)
}

func (a *Answer) readChunks(from *bufio.Reader) error {
	for {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return broken(err)
		}
		size, _, _ := bytes.Cut(line, []byte{';'}) // what follows are extensions
		n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 31)
		if err != nil {
			return fmt.Errorf("the answer has a chunk of the size %.20q", size)
		}
		if n == 0 {
			return skipTrailer(from)
		}
		if err := a.grow(from, int64(n)); err != nil {
			return err
		}
		if line, err = from.ReadSlice('\n'); err != nil {
			return broken(err)
		}
		if len(bytes.TrimRight(line, "\r\n")) > 0 {
			return errors.New("a chunk of the answer is longer than it says")
		}
	}
}

func skipTrailer(from *bufio.Reader) error {
	for {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return broken(err)
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return nil
		}
	}
}

// readRest reads a body that ends with the connection.
func (a *Answer) readRest(from *bufio.Reader) error {
	for {
		if len(a.Body) > maxBody {
			return errTooLong
		}
		a.Body = slices.Grow(a.Body, 512)
		n, err := from.Read(a.Body[len(a.Body):cap(a.Body)])
		a.Body = a.Body[:len(a.Body)+n]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
