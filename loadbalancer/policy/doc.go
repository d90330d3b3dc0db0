// Package policy decides which server gets a run, when a function gets one more
// copy and where, and which servers are left out for a while. It is the pure part
// of a load balancer: no I/O, no goroutines, no clock, no random numbers of its
// own. So that the same package serves and is simulated, the caller passes in the
// time (of one monotonic clock) and a random generator, and says what happens:
//
//	choice := fleet.Pick(p, policy.Request{Function: fn}, now, rng)
//	run := fleet.Sent(fn, choice.Server, now)       // at once, so that the next pick knows
//	if more := fleet.ScaleOut(fn, choice, now); more != nil {
//	        // init fn there in the background, then fleet.Ready or fleet.Absent
//	}
//	if fn.On(choice.Server) == policy.Absent {
//	        // fleet.Loading, init it there, then fleet.Ready or fleet.Absent
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
// answers; balancers share nothing, and one that starts anew has learnt it again
// after a few runs.
//
// Policies see the fleet itself: a slice of pointers to servers, and the
// function's copies as another. Nothing is copied for a pick, and nothing
// allocated.
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
