package policy

import (
	"fmt"
	"slices"
	"time"
)

// State is what a server has of a function.
type State int

// States of a function on a server.
const (
	Absent       State = iota
	Initialising       // an init is under way there
	Ready
)

var stateNames = [...]string{"absent", "initialising", "ready"}

func (s State) String() string { return stateNames[s] }

// stateEdges are the transitions that exist. Absent becomes ready where another
// balancer had it initialised.
var stateEdges = map[State][]State{
	Absent:       {Initialising, Ready},
	Initialising: {Ready, Absent},
	Ready:        {Absent},
}

func (s State) transition(to State) State {
	if !slices.Contains(stateEdges[s], to) {
		panic(fmt.Sprintf("policy: no transition of a function from %s to %s", s, to))
	}
	return to
}

// Function is what a balancer knows about one function: little by itself, and
// one Copy for each server that has or had it. It belongs to one fleet.
type Function struct {
	hash   uint64
	copies map[*Server]*Copy
	held   []*Copy   // those initialising or ready, in no order
	on     []*Server // where those are, side by side for looking through
	inits  int       // of held: those initialising
	limit  int       // runs at once on a server, 0: its slots
	timing timing
	init   average // s
	paid   time.Duration
}

// NewFunction makes a function of which nothing is known. The name is any text
// that tells functions apart; all balancers have to use the same one.
func NewFunction(name string) *Function {
	return &Function{hash: hashOf(name), copies: map[*Server]*Copy{}}
}

// Limit says how many runs of the function a server executes at once, where that
// is less than its slots: a model of which a host has one, say. 0: no limit.
func (fn *Function) Limit(runs int) { fn.limit = runs }

// Copies are those initialising or ready, in no order; not to be changed or kept.
func (fn *Function) Copies() []*Copy { return fn.held }

// On is what a server has of the function.
func (fn *Function) On(s *Server) State {
	if c := fn.copies[s]; c != nil {
		return c.state
	}
	return Absent
}

// Since is since when a server has the function, is initialising it or has it no more;
// zero if that was never spoken of.
func (fn *Function) Since(s *Server) time.Time {
	if c := fn.copies[s]; c != nil {
		return c.since
	}
	return time.Time{}
}

// copy is the function on a server, made when first spoken of.
func (fn *Function) copy(s *Server) *Copy {
	c := fn.copies[s]
	if c == nil {
		c = &Copy{function: fn, server: s, failures: average{n: few / 2}} // one failure is no habit
		fn.copies[s] = c
	}
	return c
}

// initTime is what an init of the function takes, seen or assumed.
func (fn *Function) initTime(assumed time.Duration) time.Duration {
	if fn.init.n == 0 {
		return assumed
	}
	return duration(fn.init.value)
}

// firstInit reports whether it is not known yet what an init takes, and one is under way
// that will tell.
func (fn *Function) firstInit() bool { return fn.init.n == 0 && fn.inits > 0 }
