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

// Relieve says that a server has room again for a function that it refused: a
// run of it has ended there.
func (f *Fleet) Relieve(fn *Function, s *Server) {
	if c := fn.copies[s]; c != nil {
		c.full = time.Time{}
	}
}
