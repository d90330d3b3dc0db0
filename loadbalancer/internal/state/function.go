package state

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
	"github.com/whiskaway/whiskaway/runtime-spec"
)

// Key names a function: two tenants never share one.
type Key struct {
	Tenant   string
	Identity runtimespec.Identity
}

// Function is what is known of one. Its fields with capitals do not change.
type Function struct {
	Key      Key
	Identity string // the key's, as text

	sched  *policy.Function
	recipe *Recipe              // nil: no caller has initialised it here yet
	action string               // its name, for operators
	leases map[string]time.Time // callers that need it, until when
	used   time.Time            // last run or init
	inits  map[*Server]*Init    // in flight
	move   *move                // away from a server that was drained here; nil: none
	recall recall               // of its queued runs
}

// Recipe is what a server needs to be told to initialise a function. It does not
// change.
type Recipe struct {
	Kind, Env string // headers of the init
	Body      []byte // the init without its code, or all of it where that is small
	Whole     bool
	Code      runtimespec.Digest
	Action    string // its name
	Limit     int    // runs at once on a server, as its author says; 0: no limit
}

// known returns the function's entry, made if need be.
func (s *State) known(k Key, now time.Time) (*Function, error) {
	if f := s.functions[k]; f != nil {
		return f, nil
	}
	if len(s.functions) >= s.settings.Functions {
		return nil, errManyFunctions
	}
	f := &Function{Key: k, Identity: k.Identity.String(), leases: map[string]time.Time{}, inits: map[*Server]*Init{}, used: now}
	f.sched = policy.NewFunction(k.Tenant + "/" + f.Identity)
	s.functions[k] = f
	return f, nil
}

// use renews a lease.
func (s *State) use(f *Function, lease string, now time.Time) {
	f.used = now
	f.leases[lease] = now.Add(s.settings.Lease)
}

// InitArrived notes how a function is initialised, and that a caller needs it.
func (s *State) InitArrived(k Key, lease string, r *Recipe, now time.Time) (*Function, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.orphans[k]; f != nil { // no caller needed it for a moment
		delete(s.orphans, k)
		s.functions[k] = f
	}
	f, err := s.known(k, now)
	if err != nil {
		return nil, err
	}
	if f.recipe == nil || !f.recipe.Whole {
		f.recipe, f.action = r, r.Action
		f.sched.Limit(r.Limit)
	}
	s.use(f, lease, now)
	return f, nil
}

// LeaseEnded ends a lease. With the last one the function is forgotten, and to be
// stopped at the servers that have it.
func (s *State) LeaseEnded(k Key, lease string, now time.Time) (last bool, stop Stop) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functions[k]
	if f == nil {
		return false, Stop{}
	}
	if delete(f.leases, lease); len(f.leases) > 0 {
		return false, Stop{}
	}
	return true, s.forget(f, now)
}

// forget takes a function out of the table. Its inits in flight are seen to when
// they end, or by the next caller that needs it.
func (s *State) forget(f *Function, now time.Time) Stop {
	delete(s.functions, f.Key)
	stop := Stop{Function: f}
	for _, c := range f.sched.Copies() {
		if at := s.servers[c.Server()]; at != nil && c.State() == policy.Ready {
			stop.At = append(stop.At, at)
		}
	}
	if len(f.inits) > 0 {
		s.orphans[f.Key] = f
		for _, at := range stop.At {
			s.fleet.Absent(f.sched, at.sched, now)
		}
	}
	return stop
}

// Expire ends leases whose time is over, and functions with their last one. A
// function that was only found at a server has none: it goes when it has no runs.
func (s *State) Expire(now time.Time) (fx []Effect) {
	s.mu.Lock()
	defer s.end(&fx)
	for _, f := range s.functions {
		s.fleet.Prune(f.sched, now)
		for lease, until := range f.leases {
			if now.After(until) {
				delete(f.leases, lease)
			}
		}
		if len(f.leases) == 0 && now.Sub(f.used) >= s.settings.Lease {
			s.emit(s.forget(f, now))
		}
	}
	return nil
}

// ForgetFunctions has all functions initialised again: whether their requests name
// a tenant is no longer what it was.
func (s *State) ForgetFunctions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.functions)
	clear(s.orphans)
}
