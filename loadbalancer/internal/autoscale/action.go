package autoscale

// Kind is what is to be done.
type Kind int

const (
	None   Kind = iota
	Up          // one more host
	Drain       // a host gets no new work any more; the balancer does this itself
	Resume      // it gets work again: it is needed after all, or was not ended in time
	Down        // it may go
)

func (k Kind) String() string { return [...]string{"none", "up", "drain", "resume", "down"}[k] }

// Action is one, and why.
type Action struct {
	Kind   Kind
	Host   Host // that it is about; none with Up
	Why    string
	Totals Totals
	Min    int // the owner's bounds, which a hook can hold to as well
	Max    int
}

// state is what a Decider is doing. One action is under way at most.
type state int

const (
	watching state = iota // nothing
	growing               // the hook is asked for one more
	draining              // one is emptied
	ending                // the hook is told that it may go
	cooling               // an action was, and its effect is waited for
)

func (s state) String() string {
	return [...]string{"watching", "growing", "draining", "ending", "cooling"}[s]
}

// transition says whether one state may follow another.
func transition(from, to state) bool {
	switch from {
	case watching:
		return to == growing || to == draining
	case growing, ending:
		return to == cooling
	case draining:
		return to == ending || to == cooling
	case cooling:
		return to == watching
	}
	return false
}
