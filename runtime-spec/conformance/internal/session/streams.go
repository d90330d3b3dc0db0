package session

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// Sentinel is the line that ends an activation's log on each stream.
const Sentinel = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX"

const (
	// streamWait bounds how long a stream that is not immediate may lag behind.
	streamWait = 2 * time.Second
	// optionalWait is the same bound for sentinels that need not come at all.
	optionalWait = 300 * time.Millisecond
	lookEvery    = 5 * time.Millisecond
)

// stream follows one of a container's output streams, activation by activation.
type stream struct {
	name      string
	read      func() []byte
	immediate bool
	mark      int // everything before it belongs to earlier activations
}

// pending returns the text since the last activation.
func (s *stream) pending() []byte { return s.read()[s.mark:] }

// take returns the log of the activations that n sentinels end, and moves the
// mark behind them. It fails unless there are exactly n sentinels.
func (s *stream) take(ctx context.Context, n int) ([]byte, error) {
	text := s.await(ctx, streamWait, func(text []byte) bool { return len(sentinelEnds(text)) >= n })
	log, found, err := s.advance(text)
	if err == nil && found != n {
		err = fmt.Errorf("%s: expected %d sentinel(s) before the answer, got %d in %s", s.name, n, found, Short(text))
	}
	return log, err
}

// takeOptional is take for a log that one sentinel may end.
func (s *stream) takeOptional(ctx context.Context) ([]byte, int, error) {
	text := s.await(ctx, optionalWait, func(text []byte) bool { return len(sentinelEnds(text)) >= 1 })
	log, found, err := s.advance(text)
	if err == nil && found > 1 {
		err = fmt.Errorf("%s: expected at most one sentinel, got %d in %s", s.name, found, Short(text))
	}
	return log, found, err
}

// advance moves the mark behind the last sentinel of text. Without a sentinel
// the mark stays, and the log is the whole text.
func (s *stream) advance(text []byte) (log []byte, found int, err error) {
	ends := sentinelEnds(text)
	if n := bytes.Count(text, []byte(Sentinel)); n != len(ends) {
		return nil, 0, fmt.Errorf("%s: a sentinel is not on a line of its own: %s", s.name, Short(text))
	}
	if len(ends) == 0 {
		return text, 0, nil
	}
	last := ends[len(ends)-1]
	s.mark += last
	return bytes.ReplaceAll(text[:last], []byte(Sentinel+"\n"), nil), len(ends), nil
}

// none fails if there is a sentinel behind the mark.
func (s *stream) none() error {
	if text := s.pending(); bytes.Contains(text, []byte(Sentinel)) {
		return fmt.Errorf("%s: a sentinel too many: %s", s.name, Short(text))
	}
	return nil
}

// await looks at the stream until done reports true or the time is up. It looks
// once at an immediate stream; patience waits for any stream.
func (s *stream) await(ctx context.Context, limit time.Duration, done func([]byte) bool) []byte {
	if s.immediate {
		return s.pending()
	}
	return s.patience(ctx, limit, done)
}

func (s *stream) patience(ctx context.Context, limit time.Duration, done func([]byte) bool) []byte {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		text := s.pending()
		if done(text) {
			return text
		}
		select {
		case <-ctx.Done():
			return text
		case <-tick.C:
		}
	}
}

// sentinelEnds returns the offsets behind the lines that are sentinels.
func sentinelEnds(text []byte) []int {
	var ends []int
	at := 0
	for line := range bytes.Lines(text) {
		at += len(line)
		if string(line) == Sentinel+"\n" {
			ends = append(ends, at)
		}
	}
	return ends
}
