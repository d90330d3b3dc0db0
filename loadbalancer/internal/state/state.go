package state

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/loadbalancer/internal/queue"
	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Options are what a State is made with.
type Options struct {
	Fleet       policy.Options
	Rand        *rand.Rand
	Incarnation string // of the balancer itself

	// Prepare hangs on a new init what its owner needs, under the lock. The cause is
	// that of the run or the caller which it is for; nil: it is in the background.
	Prepare func(i *Init, cause any)
}

// Settings may be others after a reload.
type Settings struct {
	Policy      policy.Policy
	Lease       time.Duration // how long a function is kept without runs
	InitTimeout time.Duration // the longest init
	Functions   int           // that are known at once
	Queue       queue.Limits
	QueueWait   time.Duration // the longest that a run is queued
}

// State is all that the balancer believes. It is safe for concurrent use.
type State struct {
	options Options

	mu        sync.Mutex // guards what follows; held for one event, never across I/O
	settings  Settings
	effects   []Effect // of the event under way
	closed    bool     // no init is started any more
	fleet     *policy.Fleet
	servers   map[*policy.Server]*Server
	routes    map[string]*Server // by incarnation
	functions map[Key]*Function
	orphans   map[Key]*Function // needed no more, with inits in flight
	runs      map[runKey]*Run   // in flight
	queue     queue.Queue[*Function, *Run]

	// By the names of servers, members or not:
	carriedOver map[string]bool // those that were available before a reload made them members again
	drained     map[string]bool // those that an operator has drained
	scalingIn   map[string]bool // those that are to go, for want of work; true: the hook ends it
}

// New returns a State without servers.
func New(o Options, settings Settings) *State {
	s := &State{
		options: o, servers: map[*policy.Server]*Server{}, routes: map[string]*Server{}, functions: map[Key]*Function{},
		orphans: map[Key]*Function{}, runs: map[runKey]*Run{}, drained: map[string]bool{}, scalingIn: map[string]bool{},
	}
	o.Fleet.Changed = func(sched *policy.Server, from, to policy.Health) {
		s.emit(HealthChanged{s.servers[sched], from, to})
	}
	s.fleet = policy.NewFleet(o.Fleet)
	s.Configure(settings)
	return s
}

// Configure has new settings hold from now on. A policy of nil leaves the one that
// there is.
func (s *State) Configure(settings Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if settings.Policy == nil {
		settings.Policy = s.settings.Policy
	}
	s.settings = settings
	s.queue.Limit(settings.Queue)
}

// Close starts no init any more.
func (s *State) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// end ends an event, whose effects are fx.
func (s *State) end(fx *[]Effect) {
	*fx, s.effects = s.effects, nil
	s.mu.Unlock()
}

// Errors that a run or an init meets here.
var (
	ErrNoServer        error = refusal.New(runtimespec.Saturated, "no server can take it now: all are busy, ending or away")
	ErrUnknownFunction error = refusal.New(runtimespec.UnknownFunction, "the balancer does not know this function, or no longer how to initialise it")
	ErrCancelled       error = refusal.New(runtimespec.Cancelled, "the activation was cancelled before a server started it")
	errManyFunctions   error = refusal.New(runtimespec.Saturated, "the balancer knows as many functions as it may: raise --functions")
)
