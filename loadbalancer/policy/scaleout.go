package policy

import "time"

// ScaleOut is told each choice and says where one more copy of the function is
// to be loaded, off the way of any run; nil: nowhere. The copy is loading then,
// and the caller owes a [Fleet.Ready] or [Fleet.Absent].
//
// It is the ski-rental rule that servermode starts instances by: one more copy
// when all that was waited since there last was a slot at once has cost as much
// as an init. So it never costs more than twice what knowing the future would.
func (f *Fleet) ScaleOut(fn *Function, c Choice, now time.Time) *Server {
	cost := fn.initTime(f.options.Init)
	if c.Server == nil {
		return nil
	}
	if !fn.pay(c, cost) {
		return nil
	}
	s := f.place(fn.hash, now, func(s *Server) bool {
		return f.usable(s, nil) && s.ahead(time.Time{}) == 0 && fn.On(s) == Absent
	})
	if s == nil {
		return nil // every server is busy or has it: more copies would not help
	}
	fn.paid = 0
	f.Loading(fn, s, now)
	return s
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
