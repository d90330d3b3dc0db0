// Package function holds a server's functions: who needs each of them (leases),
// its instances, the runs that wait for one, and when it is given up. It knows
// neither HTTP nor processes: instances come from a Program.
package function

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Errors that mean that no instance saw the run.
var (
	ErrUnknown   = errors.New("the server does not know the function")
	ErrSaturated = errors.New("the function's queue is full")
	ErrDraining  = errors.New("the server is shutting down")
	ErrExpired   = errors.New("the time was over before the run could start")
)

// Sink takes the logs of an init or a run. It must not block.
type Sink interface {
	Log(stream runtimespec.Stream, log []byte)
}

// Instance is one live process of a function, given one run at a time.
type Instance interface {
	// Run returns the result, or an error. With retry, nothing was delivered
	// to the instance and another may be given the run.
	Run(ctx context.Context, line []byte, sink Sink) (result []byte, retry bool, err error)
	Alive() bool
	PID() int
	// Close ends the instance and returns when nothing is left of it.
	Close()
}

// Program starts a function's instances.
type Program interface {
	Start(ctx context.Context, sink Sink) (Instance, error)
	// Concurrency is how many instances share one process, which is known once
	// one was started; before, it is 1.
	Concurrency() int
	// Close frees what the instances shared; none is left by then.
	Close()
}

// Key names a function on a server: its tenant is part of who it is.
type Key struct {
	Tenant   string
	Identity runtimespec.Identity
}

// Info is what people are told of a function.
type Info struct {
	Name string // the platform's name of the action, if it gave one
	Kind string
	Main string
}

// Limits bound one function.
type Limits struct {
	Instances int // processes at once
	Queue     int // runs that wait for one
}

// Function is one function. Its lock is held for moments only, never across a
// start, a run or an end.
type Function struct {
	key     Key
	info    Info
	limits  Limits
	program Program
	now     func() time.Time

	mu        sync.Mutex // guards what follows
	state     State
	leases    map[string]time.Time // lease → expiry
	idle      []*slot              // used last is last
	busy      map[*slot]bool       // running, or being started
	waiting   []chan *slot         // first come first served; nil means freed
	first     *start               // the start that state Starting is about
	lastUse   time.Time
	closing   bool // the last lease is gone; free follows
	ending    int  // instances being closed
	runs      uint64
	starts    uint64
	evictions uint64
	gone      chan struct{} // closed on state Gone
	ended     func()        // called then
	load      *Load
}

// slot is the right to have one instance; its instance may be nil or dead.
type slot struct {
	instance Instance
	since    time.Time // idle since
	runs     uint64
	first    *start // set while its start is what Starting is about
}

// start is an attempt to start the first instance, for those who wait for it.
type start struct {
	done chan struct{}
	err  error
	// abandoned: it failed because its caller left, which says nothing to others.
	abandoned bool
}

// slots is how many instances there may be; the caller holds mu.
func (f *Function) slots() int { return f.limits.Instances * f.program.Concurrency() }

// processes counts those that the instances live in; the caller holds mu.
func (f *Function) processes() int {
	seen := map[int]bool{}
	for _, s := range f.idle {
		seen[s.instance.PID()] = true
	}
	for s := range f.busy {
		if s.instance != nil {
			seen[s.instance.PID()] = true
		}
	}
	return len(seen)
}

// refresh drops instances that died while idle; the caller holds mu.
func (f *Function) refresh() {
	alive := f.idle[:0]
	for _, s := range f.idle {
		if s.instance.Alive() {
			alive = append(alive, s)
		} else {
			f.ending++
			go f.end([]*slot{s})
		}
	}
	clear(f.idle[len(alive):])
	f.idle = alive
	if f.state == Ready && len(f.idle) == 0 && !f.anyBusyAlive() {
		f.state = f.state.transition(Cold)
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
