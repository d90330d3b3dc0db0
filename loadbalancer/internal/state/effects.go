package state

import (
	"time"

	"github.com/whiskaway/whiskaway/loadbalancer/policy"
)

// Effect is something that an event asks its caller to do. It is one of the types
// below.
type Effect any

// StartInit has an init carried out; its end is told to [State.InitDone].
type StartInit struct{ Init *Init }

// Wake tells a queued run that a server was found, or that none will be: its
// Waiting.Woken is closed.
type Wake struct{ Run *Run }

// RunOver tells the runs that wait for a run's end: its Over is closed.
type RunOver struct{ Run *Run }

// CancelRun ends a run that is at no server: its Cancel is called.
type CancelRun struct{ Run *Run }

// Check has a server checked at once: something about it has changed.
type Check struct{ Server *Server }

// ReadInventory has a server asked which functions it has, if it was not a moment
// ago. The answer is told to [State.InventoryRead].
type ReadInventory struct {
	Server      *Server
	Incarnation string
	Changes     int // the number of the change that was seen; 0: the server does not number them
}

// Stop ends the balancer's lease of a function at servers.
type Stop struct {
	Function *Function
	At       []*Server
}

// RecallAt has [State.Recall] called at a time.
type RecallAt struct {
	Function *Function
	At       time.Time
}

// HealthChanged is for the log. [State.Rebalance] is to be called for it, soon.
type HealthChanged struct {
	Server   *Server
	From, To policy.Health
}

// ServerLeft ends the checks of a server that is no member any more.
type ServerLeft struct{ Server *Server }

// emit notes an effect of the event under way.
func (s *State) emit(e Effect) { s.effects = append(s.effects, e) }
