package function

import (
	"cmp"
	"math"
	"time"

	"github.com/whiskaway/whiskaway/servermode/eviction"
)

// Forever is the keep-alive of an instance that is kept as long as its function.
const Forever time.Duration = math.MaxInt64

// Config is what an owner decides. All of it may change while functions run, unless
// a field says otherwise.
type Config struct {
	Instances  int           // processes of a function whose author states no number
	Queue      int           // runs that wait, per function
	QueueTotal int           // runs that wait in all; 0: no limit
	Processes  int           // processes of all functions; 0: no limit
	Starts     int           // processes that are started at the same time; 0: no limit
	KeepAlive  time.Duration // how long an instance may be idle
	Lease      time.Duration // how long a function is kept without runs
	GrowAfter  time.Duration // how long the first in a queue waits before one more process is started
	StartTime  time.Duration // longest start of an instance for the queue; 0: 5 minutes

	CPUs     int              // the host's, which tenants share; not changed later
	Tenants  bool             // there may be several
	Memory   func() Memory    // the host's; nil: not looked at
	Policy   eviction.Policy  // nil: eviction.LongestIdle
	Observer Observer         // nil: none
	Now      func() time.Time // nil: time.Now; not changed later
}

// Memory is a host's memory at one moment, in bytes.
type Memory struct {
	Available int64 // without swapping
	Reserve   int64 // that functions must leave
}

// Wish is what a function's author asks for. The zero value leaves everything to the
// owner.
type Wish struct {
	Instances int            // processes at once
	KeepAlive *time.Duration // 0: an instance ends with its run; Forever
}

func (c Config) withDefaults() *Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Policy = cmp.Or[eviction.Policy](c.Policy, eviction.LongestIdle{})
	c.StartTime = cmp.Or(c.StartTime, 5*time.Minute)
	c.Observer = cmp.Or[Observer](c.Observer, noObserver{})
	return &c
}

// instances returns how many processes a function may have.
func (c *Config) instances(w Wish) int {
	if w.Instances > 0 {
		return w.Instances
	}
	return max(1, c.Instances)
}

// keepAlive returns how long a function's instance may be idle.
func (c *Config) keepAlive(w Wish) time.Duration {
	if w.KeepAlive != nil {
		return *w.KeepAlive
	}
	return c.KeepAlive
}

// noObserver counts nothing.
type noObserver struct{}

func (noObserver) Function(Key, Info) Meter     { return noObserver{} }
func (noObserver) Ran(Ran)                      {}
func (noObserver) Refused(error)                {}
func (noObserver) Started(time.Duration, error) {}
func (noObserver) Evicted(Cause)                {}
func (noObserver) Gone()                        {}
