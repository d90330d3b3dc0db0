package load

// turns gives each function's runs to its targets in turn.
type turns struct {
	all  ring
	each []ring // by function
}

type ring struct {
	targets []*Target
	at      int
}

func newTurns(targets []*Target) *turns {
	t := &turns{all: ring{targets: targets}}
	for _, target := range targets {
		for len(t.each) <= target.Function {
			t.each = append(t.each, ring{})
		}
		r := &t.each[target.Function]
		r.targets = append(r.targets, target)
	}
	return t
}

// next is the target whose turn it is; a function that nobody holds counts as
// any.
func (t *turns) next(function int) *Target {
	r := &t.all
	if function >= 0 && function < len(t.each) && len(t.each[function].targets) > 0 {
		r = &t.each[function]
	}
	r.at++
	return r.targets[(r.at-1)%len(r.targets)]
}
