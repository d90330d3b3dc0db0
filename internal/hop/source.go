package hop

import (
	"errors"
	"io"
)

// sourceError is the failure of a request's body to come: the other side has no
// part in it, and no answer is to be waited for.
type sourceError struct{ error }

func (e sourceError) Unwrap() []error { return []error{ErrUnsendable, e.error} }

// source remembers that reading failed.
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

// copyBody writes the size bytes that src has.
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
