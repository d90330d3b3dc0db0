package queue

import "container/list"

// Next takes out the run that is next in turn, of those that take agrees to: the
// first of a function speaks for all of it, so that a function which finds no
// server holds up no other. The turn passes to the next tenant, and within this
// one to the next function. It looks at so many functions at most, and after
// nothing was found begins the next time with those that it did not look at.
func (l *Queue[F, V]) Next(most int, take func(V) bool) bool {
	looked := 0
	for t := l.tenants.Front(); t != nil; t = t.Next() {
		tenant := t.Value.(*tenant[F, V])
		for q := tenant.lanes.Front(); q != nil; q = q.Next() {
			if looked == most {
				l.turn(t, q)
				return false
			}
			looked++
			if l.take(q.Value.(*lane[F, V]), take) {
				tenant.lanes.MoveToBack(q)
				l.tenants.MoveToBack(t)
				return true
			}
		}
	}
	return false
}

// First takes out the first of a function, if take agrees. No turn passes.
func (l *Queue[F, V]) First(function F, take func(V) bool) bool {
	q := l.functions[function]
	return q != nil && l.take(q, take)
}

// take takes out the first of a queue if that is agreed to.
func (l *Queue[F, V]) take(q *lane[F, V], agreed func(V) bool) bool {
	e := q.entries.Front().Value.(*Entry[F, V])
	return agreed(e.value) && l.Leave(e)
}

// turn makes it a function's turn at its tenant, and the tenant's, unless others
// of it were looked at: then the next one's.
func (l *Queue[F, V]) turn(t, q *list.Element) {
	lanes := &t.Value.(*tenant[F, V]).lanes
	rotate(&l.tenants, t)
	if lanes.Front() != q {
		rotate(lanes, q)
		l.tenants.MoveToBack(t)
	}
}

// rotate puts what is before first behind all others.
func rotate(l *list.List, first *list.Element) {
	for l.Front() != first {
		l.MoveToBack(l.Front())
	}
}
