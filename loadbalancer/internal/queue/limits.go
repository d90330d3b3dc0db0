package queue

import "time"

// Limits bound what waits, of all tenants together. A tenant has as many places,
// and bytes, as are left at most: one that floods the queue gets half of it, and
// the first run of another always finds a place.
type Limits struct {
	Entries int   // runs; 0: none may wait
	Bytes   int64 // of their bodies
}

// Cause is why a run may not wait, as an error.
type Cause string

func (c Cause) Error() string { return "no place in the queue: " + string(c) }

// Causes for which a run may not wait.
const (
	Full   Cause = "full"   // there is no place left
	Tenant Cause = "tenant" // its tenant has as many places, or bytes, as are left for others
	Bytes  Cause = "bytes"  // its body does not fit into what is left
	Late   Cause = "time"   // it has waited as long as it may
)

// Limit sets the bounds. Who is beyond new ones stays.
func (l *Queue[F, V]) Limit(limits Limits) { l.limits = limits }

// amount is how many wait, and what their bodies weigh.
type amount struct {
	entries int
	bytes   int64
}

func (a *amount) add(entries int, bytes int64) {
	a.entries += entries
	a.bytes += bytes
}

// refuses decides whether one more run may wait, of a tenant that has mine.
func (l Limits) refuses(total, mine amount, bytes int64) Cause {
	entries, left := l.Entries-total.entries, l.Bytes-total.bytes
	switch {
	case entries <= 0:
		return Full
	case bytes > left:
		return Bytes
	case mine.entries >= entries, mine.bytes > 0 && mine.bytes+bytes > left:
		return Tenant
	}
	return ""
}

// Margin bounds: a run's refusal has to reach its caller while that still waits.
const (
	marginPart = 10 // of the time that is left
	marginMost = time.Second
)

// Until is how long a run may wait from now on: no longer than wait, and not to
// the end of its time; a zero deadline is none.
func Until(now, deadline time.Time, wait time.Duration) time.Time {
	until := now.Add(wait)
	if deadline.IsZero() {
		return until
	}
	left := max(0, deadline.Sub(now))
	if latest := deadline.Add(-min(marginMost, left/marginPart)); latest.Before(until) {
		return latest
	}
	return until
}
