package policy

import "time"

// FullUntil is when the first of the servers that refused the function for want
// of room may be asked again; zero where none refuses now.
func (fn *Function) FullUntil(now time.Time) (first time.Time) {
	for _, c := range fn.copies {
		if c.full.After(now) && (first.IsZero() || c.full.Before(first)) {
			first = c.full
		}
	}
	return first
}

// RelieveFree is [Fleet.Relieve] for all servers that refused the function and
// have, as far as is known, a free slot.
func (f *Fleet) RelieveFree(fn *Function) {
	for s, c := range fn.copies {
		if !c.full.IsZero() && s.free() {
			c.full = time.Time{}
		}
	}
}

// Relieve says that a server has room again for a function that it refused: a
// run has ended there, say.
func (f *Fleet) Relieve(fn *Function, s *Server) {
	if c := fn.copies[s]; c != nil {
		c.full = time.Time{}
	}
}
