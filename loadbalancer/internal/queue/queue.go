// Package queue holds the runs of runs that found no server: bounded, fair
// between tenants and between functions, first come first served within one. It
// decides and does nothing else; nothing in it is locked or reads a clock.
package queue

import "container/list"

// Queue is the runs that wait, V, by function, F. Turns go round the tenants, and
// of a tenant round its functions. It is used under its owner's lock.
type Queue[F comparable, V any] struct {
	limits    Limits
	total     amount
	tenants   list.List // of *tenant[F, V] that have any, the next in turn first
	byName    map[string]*tenant[F, V]
	functions map[F]*lane[F, V]
}

// tenant is one that has runs waiting.
type tenant[F comparable, V any] struct {
	name  string
	at    *list.Element // in Queue.tenants
	held  amount
	lanes list.List // of *lane[F, V], the next in turn first
}

// lane is the runs of one function.
type lane[F comparable, V any] struct {
	function F
	tenant   *tenant[F, V]
	at       *list.Element // in tenant.lanes
	entries  list.List     // of *Entry[F, V], first come first
}

// Entry is a place in the queue.
type Entry[F comparable, V any] struct {
	tenant   string
	function F
	value    V
	bytes    int64
	in       *lane[F, V]   // nil: it has left
	at       *list.Element // in its lane
}

// Len is how many wait.
func (l *Queue[F, V]) Len() int { return l.total.entries }

// Waiting is how many wait for a function.
func (l *Queue[F, V]) Waiting(function F) int {
	if q := l.functions[function]; q != nil {
		return q.entries.Len()
	}
	return 0
}

// Join gives a run of so many bytes the last place among those of its function,
// or says why it gets none.
func (l *Queue[F, V]) Join(name string, function F, value V, bytes int64) (*Entry[F, V], Cause) {
	var mine amount
	if t := l.byName[name]; t != nil {
		mine = t.held
	}
	if cause := l.limits.refuses(l.total, mine, bytes); cause != "" {
		return nil, cause
	}
	e := &Entry[F, V]{tenant: name, function: function, value: value, bytes: bytes}
	l.insert(e, (*list.List).PushBack)
	return e, ""
}

// Return gives a run that was taken out, but found no server after all, the first
// place among those of its function. It was within the bounds before.
func (l *Queue[F, V]) Return(e *Entry[F, V]) { l.insert(e, (*list.List).PushFront) }

func (l *Queue[F, V]) insert(e *Entry[F, V], push func(*list.List, any) *list.Element) {
	q := l.laneOf(e.tenant, e.function)
	e.in = q
	e.at = push(&q.entries, e)
	q.tenant.held.add(1, e.bytes)
	l.total.add(1, e.bytes)
}

// laneOf is a function's queue; a new one has the last turn.
func (l *Queue[F, V]) laneOf(name string, function F) *lane[F, V] {
	if q := l.functions[function]; q != nil {
		return q
	}
	if l.functions == nil {
		l.functions, l.byName = map[F]*lane[F, V]{}, map[string]*tenant[F, V]{}
	}
	t := l.byName[name]
	if t == nil {
		t = &tenant[F, V]{name: name}
		t.at = l.tenants.PushBack(t)
		l.byName[name] = t
	}
	q := &lane[F, V]{function: function, tenant: t}
	q.at = t.lanes.PushBack(q)
	l.functions[function] = q
	return q
}

// Leave gives a place up; false if it was taken out or given up before.
func (l *Queue[F, V]) Leave(e *Entry[F, V]) bool {
	q := e.in
	if q == nil {
		return false
	}
	e.in = nil
	q.entries.Remove(e.at)
	q.tenant.held.add(-1, -e.bytes)
	l.total.add(-1, -e.bytes)
	if q.entries.Len() == 0 {
		q.tenant.lanes.Remove(q.at)
		delete(l.functions, q.function)
	}
	if q.tenant.lanes.Len() == 0 {
		l.tenants.Remove(q.tenant.at)
		delete(l.byName, q.tenant.name)
	}
	return true
}
