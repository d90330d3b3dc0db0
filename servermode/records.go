package servermode

import (
	"bytes"
	"slices"
	"sync"
)

// activationShard is a part of the activations, with a lock of its own.
type activationShard struct {
	mu      sync.Mutex // guards what follows
	running map[activationID]*activation
	ended   map[activationID]record
	due     map[int64][]activationID // of ended, by the Unix second after which each is forgotten
	kept    []activationID           // of ended: those whose results are kept, oldest first
}

// record is how an activation ended.
type record struct {
	result  []byte // nil: it failed, or the result was dropped
	refusal *Refusal
}

// over is done already.
var over = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// activation is the record as one that can be joined.
func (r record) activation() *activation {
	out := &activation{done: over, result: r.result}
	switch {
	case r.refusal != nil:
		out.err = r.refusal
	case r.result == nil:
		out.err = errResultGone
	}
	return out
}

// remember keeps an activation's outcome, and its result if it is within the
// budget; the caller holds mu. It returns by how many bytes more are kept.
func (s *activationShard) remember(id activationID, of *activation, budget int64) (more int64) {
	r := record{}
	if of.err != nil {
		r.refusal = asRefusal(of.err)
	} else if int64(len(of.result)) <= budget {
		if r.result = of.result; cap(r.result) > len(r.result)+len(r.result)/8+64 {
			r.result = bytes.Clone(r.result) // not to keep a larger buffer
		}
		s.kept = append(s.kept, id)
		more = int64(len(r.result))
	}
	s.ended[id] = r
	second := of.until.Unix()
	s.due[second] = append(s.due[second], id)
	return more
}

// drop forgets the oldest result, if one is kept, not that there was one. It
// returns the result's bytes.
func (s *activationShard) drop() (bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) == 0 {
		return 0
	}
	id := s.kept[0]
	s.kept = s.kept[1:]
	bytes = int64(len(s.ended[id].result))
	s.ended[id] = record{}
	return bytes
}

// forget drops what is remembered until before now, and returns how many and how
// many bytes of results.
func (s *activationShard) forget(now int64) (n int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for second, ids := range s.due {
		if second >= now {
			continue
		}
		for _, id := range ids {
			bytes += int64(len(s.ended[id].result))
			delete(s.ended, id)
		}
		n += len(ids)
		delete(s.due, second)
	}
	if n > 0 {
		s.kept = slices.DeleteFunc(s.kept, func(id activationID) bool { _, known := s.ended[id]; return !known })
	}
	return n, bytes
}
