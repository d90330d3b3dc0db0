// Package function decides which functions a server has, which instances they have
// and which runs wait. It knows no HTTP and starts no processes: instances come from
// a Program. Pure functions over plain numbers decide (demand.go, room.go,
// share.go), and the rest carries their decisions out.
//
// A function is cold, starting, ready, cold again, then draining and gone. One
// transition permits each step. A function that is stopped leaves the table before
// it drains.
//
// One more instance (demand.go): a run takes the instance used last. Once the first
// in the queue has waited 10 ms, and all together as long as a start takes, one more
// instance is started in the background. This is the ski-rental rule. So quick runs
// share one process, 16 runs that sleep get 16, and a burst does not start a model
// twice that takes a minute to start. An instance beyond the first is kept for a
// tenth of the keep-alive.
//
// Places (room.go): the host has places for processes, as long as memory stays above
// a reserve, and permits for a number of starts at a time. The tenant with the
// fewest processes goes first, then the function with the fewest. When places are
// short, idle instances are evicted, by package eviction. For one more instance of a
// function only those are evicted that other functions can spare. When none is idle,
// the largest function of the largest tenant gives one up when its run ends.
//
// Queues are bounded. A tenant may have as many runs waiting as there are places
// left. So a flood gets half of them, and a tenant without waiting runs always finds
// one. Beyond that a run is refused as saturated, with a Retry-After computed from
// how long runs take.
//
// CPU shares (share.go): a tenant alone has all CPUs. Among several, a tenant that
// lately exceeded its share yields. Its share of processes runs aside, the rest
// behind everything else. Package sandbox turns that into five nice levels less, and
// the kernel's idle policy.
package function
