// Package state is what the balancer believes of servers and functions, and what it
// has in flight: the one thing behind the one lock. Its methods are events. An event
// takes the lock, changes what is believed, and returns effects: plain data that its
// caller carries out after the lock is released. There is no I/O in here, no
// goroutine, no channel is waited for, and the clock is passed in, so that tests are
// tables and the simulator drives the very type that serves.
//
// Events of a run, in their order:
//
//	RunArrived     a run is here; it may be the second of its activation
//	Pick           it needs a server
//	Enqueue        it found none and waits; LeaveQueue: it no longer does
//	InitAwaited    the init that it waited for has ended, the run is sent
//	AnswerBegan    the head of an answer is here
//	Answered       an answer, or what came instead of one; Refused, NotSent: not started there
//	RunEnded       it is over; Cancelled: its caller wants it to be
//
// Of an init:
//
//	InitArrived    a caller has told how a function is initialised
//	PlaceInit      that needs a server
//	InitDone       a server has answered an init, or has not
//	LeaseEnded, Expire  a function is needed no more
//
// Of a server:
//
//	ServersListed, ServersDropped  the members of the fleet
//	Checked, CheckFailed           what a health check found
//	Identified, InventoryRead      which process answers there, and which functions it has
//	Drain, Return                  an operator's word
//	BeginScaleIn, ConfirmScaleIn, CancelScaleIn  the autoscaler's
//
// Of time:
//
//	Sweep, Expire, Recall, Rebalance
//
// Effects are [StartInit], [Wake], [RunOver], [CancelRun], [Check], [ReadInventory],
// [Stop], [RecallAt], [HealthChanged] and [ServerLeft].
package state
