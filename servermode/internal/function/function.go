package function

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/internal/singleflight"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Errors that mean that no instance saw the run.
var (
	ErrUnknown   = errors.New("the server does not know the function")
	ErrSaturated = errors.New("the queue is full")
	ErrDraining  = errors.New("the server is shutting down")
	ErrExpired   = errors.New("the time was over before the run could start")
)

// SaturatedError is an ErrSaturated that says when to come again.
type SaturatedError struct {
	What       string // says what is full, for a reader
	RetryAfter time.Duration
}

func (e *SaturatedError) Error() string { return e.What }

// Is reports whether target is ErrSaturated.
func (e *SaturatedError) Is(target error) bool { return target == ErrSaturated }

// Sink takes the logs of an init or a run. It must not block.
type Sink interface {
	Log(stream runtimespec.Stream, log []byte)
}

// Instance is one live process of a function, or a place in one. It gets one run at
// a time.
type Instance interface {
	// Run returns the result, or an error. With retry, nothing was delivered to the
	// instance, so another may get the run.
	Run(ctx context.Context, line []byte, sink Sink) (result []byte, retry bool, err error)
	Alive() bool
	PID() int
	// Memory returns how many bytes the end of its process would free; 0: unknown.
	Memory() int64
	// Yield gives its process a place among those that share the CPUs. It asks for
	// the place at that moment, because calls may come in any order.
	Yield(place func() Place)
	// Close ends the instance and returns when nothing is left of it.
	Close()
}

// Program starts a function's instances.
type Program interface {
	Start(ctx context.Context, sink Sink) (Instance, error)
	// Concurrency returns how many instances share one process. It is known once a
	// process was started; before, it is 1.
	Concurrency() int
	// Close frees what the instances shared. It is called after the last has ended.
	Close()
}

// Key names a function on a server. The tenant is part of it.
type Key struct {
	Tenant   string
	Identity runtimespec.Identity
}

func (k Key) compare(other Key) int {
	return cmp.Or(cmp.Compare(k.Tenant, other.Tenant), slices.Compare(k.Identity[:], other.Identity[:]))
}

// Info describes a function to operators, with what its author wishes.
type Info struct {
	Name string // the platform's name of the action, if it gave one
	Kind string
	Main string
	Wish Wish
}

// Function is one function. Its lock is held for moments only, never across a start,
// a run or an end of a process. Methods that do not lock mu themselves are called
// with it held.
type Function struct {
	key     Key
	info    Info
	program Program
	table   *Table
	meter   Meter

	mu        sync.Mutex // guards what follows
	state     State
	leases    map[string]time.Time // lease → expiry
	idle      []*slot              // used last is last
	busy      map[*slot]bool       // running, or being started
	waiting   []*waiter            // first come first served
	growth    growth
	timer     *time.Timer // looks again whether to grow; nil: not armed
	timerAt   time.Time   // when
	growFrom  time.Time   // no growth before: a start has failed
	starting  int         // slots of busy that are started because runs wait
	first     *start      // the start that state Starting is about
	yielding  int         // instances to give up for other functions, when their run ends
	lastUse   time.Time
	closing   bool // the last lease is gone; free follows
	ending    int  // instances being closed
	runs      uint64
	starts    uint64
	evictions uint64
	startTime time.Duration // smoothed
	runTime   time.Duration // smoothed
	gone      chan struct{} // closed on state Gone
}

// slot is the right to have one instance; its instance may be nil or dead.
type slot struct {
	instance Instance
	since    time.Time // idle since
	runs     uint64
	took     time.Duration // its last run
	first    *start        // set while its start is what Starting is about
	open     bool          // it is to join a process that has room
}

// waiter is a run in the queue.
type waiter struct {
	slot  chan *slot // gets one; nil means that the function was freed
	since time.Time
}

// start is an attempt to start the first instance, for the inits that wait for it.
type start = singleflight.Call[struct{}]

// errAbandoned is the error of a start that failed because its caller left. It says
// nothing to other callers.
var errAbandoned = errors.New("the caller of the start has left")

// counts returns what decisions are made from.
func (f *Function) counts() counts {
	cfg, each := f.table.cfg.Load(), f.program.Concurrency()
	c := counts{
		idle: len(f.idle), busy: len(f.busy), starting: f.starting, waiting: len(f.waiting),
		limit: cfg.instances(f.info.Wish) * each, queue: cfg.Queue,
	}
	if each > 1 {
		c.open = max(0, f.processes()*each-c.idle-c.busy)
	}
	return c
}

// processes returns how many processes the instances live in.
func (f *Function) processes() int { return len(f.pids(nil)) }

// pids returns the processes of all slots except without.
func (f *Function) pids(without []*slot) map[int]bool {
	seen := map[int]bool{}
	for _, s := range f.idle {
		if !slices.Contains(without, s) {
			seen[s.instance.PID()] = true
		}
	}
	for s := range f.busy {
		if s.instance != nil && !slices.Contains(without, s) {
			seen[s.instance.PID()] = true
		}
	}
	return seen
}

// refresh drops instances that died while they were idle.
func (f *Function) refresh() {
	alive := f.idle[:0]
	var dead []*slot
	for _, s := range f.idle {
		if s.instance.Alive() {
			alive = append(alive, s)
		} else {
			dead = append(dead, s)
		}
	}
	clear(f.idle[len(alive):])
	f.idle = alive
	if len(dead) > 0 {
		go f.end(f.drop(dead))
	}
	f.settle()
}

// become changes the state.
func (f *Function) become(to State) {
	f.state = f.state.transition(to)
	f.table.changes.Add(1)
}

// settle makes a function without processes cold.
func (f *Function) settle() {
	if f.state == Ready && len(f.idle) == 0 && !f.anyBusyAlive() {
		f.become(Cold)
	}
}

func (f *Function) anyBusyAlive() bool {
	for s := range f.busy {
		if s.instance != nil {
			return true
		}
	}
	return false
}
