package policy

import "time"

// ScaleOut is told each choice and says where one more copy of the function is
// to be initialised, off the way of any run; nil: nowhere. The copy is initialising then,
// and the caller owes a [Fleet.Ready] or [Fleet.Absent].
//
// It is the ski-rental rule that servermode starts instances by: a copy is due
// when what runs waited, since one last found a slot at once, adds up to what the
// copy costs. While the function's first init is under way that is not known, and
// none is due.
func (f *Fleet) ScaleOut(fn *Function, c Choice, now time.Time) *Server {
	if c.Server == nil || fn.firstInit() || !fn.pay(c, f.copyCost(fn)) {
		return nil
	}
	s := f.room(fn, nil, now)
	if s == nil {
		return nil // every server is busy or has it: more copies would not help
	}
	fn.paid = 0
	f.InitStarted(fn, s, now)
	return s
}

// Relocate is where a function is to be initialised because all servers that have it
// are draining or ejected; nil if it needs no other or there is none. As with
// ScaleOut the copy is initialising then. It is called for the functions of a server
// that drains, so that their next runs find them.
func (f *Fleet) Relocate(fn *Function, now time.Time) *Server {
	for _, c := range fn.held {
		if f.usable(c.server, nil) {
			return nil
		}
	}
	if len(fn.held) == 0 {
		return nil
	}
	f.mark(fn)
	s := f.place(fn.hash, now, func(s *Server) bool { return s.mark != f.marked && f.usable(s, nil) })
	if s != nil {
		f.InitStarted(fn, s, now)
	}
	return s
}

// mostReloads bounds the share of reloads that a copy's cost is made of.
const mostReloads = 0.98

// copyCost is what one more copy costs: its init, and where servers have no room
// the init of what it evicts, which evicts something again.
func (f *Fleet) copyCost(fn *Function) time.Duration {
	alone := fn.initTime(f.options.Init).Seconds()
	return duration(alone / (1 - min(f.reloads.value, mostReloads)))
}

// pay counts what a run is to wait, and reports whether an init would have been
// worth it.
func (fn *Function) pay(c Choice, cost time.Duration) bool {
	switch {
	case c.Why == Cold || c.Why == Overflow: // a copy is on its way
		fn.paid = 0
	case c.Wait > 0:
		fn.paid = min(cost, fn.paid+c.Wait)
	case c.Why == Warm:
		fn.paid = 0
	}
	return fn.paid >= cost && fn.paid > 0
}
