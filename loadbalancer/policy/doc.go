// Package policy decides which server gets a run, when a function gets one more
// copy and where, and which servers are ejected. It is the pure part of a load
// balancer: no I/O, no goroutines, no clock, no random numbers of its own. The
// same package serves and is simulated: the caller passes in the time (of one
// monotonic clock) and a random generator, and reports what happens:
//
//	choice := fleet.Pick(p, policy.Request{Function: fn}, now, rng)
//	run := fleet.Sent(fn, choice.Server, now)       // at once, so that the next pick knows
//	if more := fleet.ScaleOut(fn, choice, now); more != nil {
//	        // init fn there in the background, then fleet.Ready or fleet.Absent
//	}
//	if fn.On(choice.Server) == policy.Absent {
//	        // fleet.InitStarted, init it there, then fleet.Ready or fleet.Absent
//	}
//	// send the run
//	fleet.Done(run, policy.Answer{Took: took}, now) // and then, if the answer had one:
//	fleet.Report(choice.Server, load, now)
//
// and calls [Fleet.Sweep] about once a second.
//
// # What is known
//
// A [Server] has what holds for all functions: its last load report, what was sent
// since, how long runs take there, its [Health]. A [Function] has one [Copy] for
// each server that has or had it, and none for others, so that ten thousand
// functions on a thousand servers cost what their copies cost. All of it comes from
// answers; balancers share nothing, and one that restarts has learnt it again after
// a few runs.
//
// A server's load is its last report plus the runs sent since, and never less than
// its own runs in flight. A report older than a second shows neither idleness nor
// waiting. Durations are learnt from answers, less the time that they probably
// waited. Servers are compared by geometric means, which a single long run hardly
// moves, and only where they differ by more than three standard errors. A failure
// that comes quickly makes no server look fast, and the share of failures makes it
// costly; a failure that comes late makes it slow. What was learnt about a server
// without runs is forgotten within minutes, so that it is tried again. Sizes and
// waiting times that servers claim are cut to what is plausible.
//
// Policies see the fleet itself: a slice of pointers to servers, and the
// function's copies as another. Nothing is copied for a pick, and nothing
// allocated.
//
// # Which server gets the run
//
// The default policy, warm, draws four of the servers that have the function, or
// are initialising it, and takes the one where the answer is expected soonest: what
// waits before the run, the init if one is under way, the run. If the run would
// wait there, a server with a free slot is searched among all. Waiting at a server
// whose load is above the 0.84 quantile of the loads seen lately counts double, as
// in Prequal (https://www.usenix.org/conference/nsdi24/presentation/wydrowski):
// estimates are least reliable there. A function can have fewer slots than its
// server, as a model of which a host has one.
//
// # Where a function is placed
//
// Each function orders all servers by a hash of names (rendezvous hashing), so that
// balancers that share nothing place alike, and a server that is added or removed
// moves only its own functions. The first server with a load below 1.25 of the mean
// takes the function. What only a draining server has is initialised elsewhere
// before it is asked for.
//
// # One more copy
//
// A copy is initialised in the background when the expected waiting of runs, since
// the last one that found a slot at once, adds up to the cost of a copy (ski
// rental: at most twice the cost of knowing the future). The cost is the copy's
// init, divided by one minus the share of inits that reload early what was evicted.
// A single run that would wait longer than that is placed elsewhere at once. During
// a function's first init no copy is made: its duration is not known yet, and a
// burst must not start a model twice.
//
// # Ejection
//
// Five failures in a row, or half of ten or more within 10 s, eject a server for
// 30 s times its ejections that were not forgiven yet. Then one run at a time
// probes it, at first runs that need no init there; then its share grows for 10 s.
// With less than half of the servers in rotation, ejected ones are used too: the
// cause is hardly theirs.
//
// # Locking
//
// Nothing here is safe for concurrent use. One mutex over a fleet, its functions
// and its policy, held for one call, is enough: each is a matter of microseconds
// with a thousand servers.
//
// # Units
//
// Loads are counts of runs. A load per slot is what servers of different size are
// compared by. Times are expected seconds; they need not be right, only to rank
// servers rightly.
package policy
