package tunnel

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/hashicorp/yamux"
)

// piece is the largest single write, so that small answers get between the
// parts of a large one.
const piece = 16 << 10

// stream is a connection through a tunnel. It translates errors to those that
// net.Conn's users expect.
type stream struct {
	*yamux.Stream
	once sync.Once
	done func() // called once at its end
}

func newStream(s *yamux.Stream, done func()) net.Conn { return &stream{Stream: s, done: done} }

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.Stream.Read(p)
	return n, known(err)
}

// Write writes p in pieces. A failed piece counts as written in part: what
// yamux has queued may be on its way.
func (s *stream) Write(p []byte) (n int, err error) {
	for n < len(p) {
		written, err := s.Stream.Write(p[n:min(n+piece, len(p))])
		if n += written; err != nil {
			return max(n, min(1, len(p))), known(err)
		}
	}
	return n, nil
}

func (s *stream) Close() error {
	err := s.Stream.Close()
	s.once.Do(s.done)
	return known(err)
}

func known(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, yamux.ErrTimeout):
		return os.ErrDeadlineExceeded
	case errors.Is(err, yamux.ErrSessionShutdown):
		return fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return err
}
