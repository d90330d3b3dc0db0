package activation

import (
	"bytes"
	"slices"
	"sync"
)

// shard is a part of a table. The table locks it around every call of its methods.
type shard struct {
	mu       sync.Mutex // guards what follows
	inFlight map[id]*Run
	ended    map[id]record
	due      map[int64][]id // of ended, by the Unix second after which each is forgotten
	kept     []id           // of ended: those whose results are kept, oldest first
}

// record is how a run ended.
type record struct {
	result []byte // nil: it failed, or the result was dropped
	err    error
}

// run returns the record as a run that can be joined.
func (r record) run() *Run {
	if r.err == nil && r.result == nil {
		r.err = ErrResultGone
	}
	out := &Run{}
	out.Begin(nil)
	out.End(r.result, r.err)
	return out
}

// remember keeps a run's outcome, and its result if the budget has room for it. It
// returns how many more bytes are kept now.
func (s *shard) remember(run *Run, result []byte, failed error, budget int64) (more int64) {
	r := record{err: failed}
	if failed == nil && int64(len(result)) <= budget {
		if r.result = result; cap(r.result) > len(r.result)+len(r.result)/8+64 {
			r.result = bytes.Clone(r.result) // not to keep a larger buffer
		}
		s.kept = append(s.kept, run.id)
		more = int64(len(r.result))
	}
	s.ended[run.id] = r
	second := run.until.Unix()
	s.due[second] = append(s.due[second], run.id)
	return more
}

// drop forgets the oldest result, but not that its run ended. It returns the
// result's size in bytes.
func (s *shard) drop() (bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) == 0 {
		return 0
	}
	oldest := s.kept[0]
	s.kept = s.kept[1:]
	bytes = int64(len(s.ended[oldest].result))
	s.ended[oldest] = record{}
	return bytes
}

// forget drops the records that are due before now. It returns how many runs and how
// many bytes of results these were.
func (s *shard) forget(now int64) (n int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for second, ended := range s.due {
		if second >= now {
			continue
		}
		for _, one := range ended {
			bytes += int64(len(s.ended[one].result))
			delete(s.ended, one)
		}
		n += len(ended)
		delete(s.due, second)
	}
	if n > 0 {
		s.kept = slices.DeleteFunc(s.kept, func(one id) bool { _, known := s.ended[one]; return !known })
	}
	return n, bytes
}
