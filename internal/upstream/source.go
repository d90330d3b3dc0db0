package upstream

import (
	"errors"
	"io"
)

// sourceError is a failure to read the request's body. The server has no part
// in it, and no answer will come.
type sourceError struct{ error }

func (e sourceError) Unwrap() []error { return []error{ErrUnsendable, e.error} }

// source remembers whether reading failed.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (n int, err error) {
	if n, err = s.Reader.Read(p); err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// copyBody writes size bytes from src.
func copyBody(dst io.Writer, src io.Reader, size int64) error {
	from := &source{Reader: src}
	n, err := io.Copy(dst, io.LimitReader(from, size))
	switch {
	case from.err != nil:
		return sourceError{from.err}
	case err == nil && n < size:
		return sourceError{io.ErrUnexpectedEOF}
	}
	return err
}

func ofSource(err error) bool {
	var failed sourceError
	return errors.As(err, &failed)
}
