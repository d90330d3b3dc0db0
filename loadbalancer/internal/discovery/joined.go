package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	sayEvery   = 5 * time.Second
	missed     = 3    // leases last so many intervals
	maxMembers = 4096 // of a registry
)

// Joined is the servers that say that they are there. Each has a lease, which it
// renews; one that misses three renewals is gone, and so is one that says goodbye.
type Joined struct {
	every time.Duration

	mu      sync.Mutex           // guards what follows
	members map[string]*member   // by URL
	former  map[former]time.Time // incarnations that another took the place of, until when that is remembered
	changed chan struct{}        // closed at the next change
}

// member is a server with its lease.
type member struct {
	Server
	until time.Time
}

// former is an incarnation that was at a URL.
type former struct{ url, incarnation string }

// NewJoined returns a registry whose servers are to renew their leases so often;
// 0 is every 5 s.
func NewJoined(every time.Duration) *Joined {
	return &Joined{
		every: cmp.Or(every, sayEvery), members: map[string]*member{}, former: map[former]time.Time{}, changed: make(chan struct{}),
	}
}

func (j *Joined) String() string { return "servers that join" }

// Errors of a registration; others are for what it has wrong.
var (
	// ErrTaken is for a server that was replaced at its URL: two servers say that
	// they are at the same.
	ErrTaken = errors.New("another server says that it is there too: give each its own --advertise")
	// ErrFull is for one server too many.
	ErrFull = fmt.Errorf("there are %d servers already", maxMembers)
)

// Join gives a server its lease or renews it, or ends it if it is leaving. The
// answer is when to say it again. A new incarnation takes the place of the one
// that was at its URL.
func (j *Joined) Join(r runtimespec.Registration) (again time.Duration, err error) {
	s, err := registered(r)
	if err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	j.forget(now)
	key := place(s)
	before := j.members[key]
	switch {
	case r.Leaving:
		if before != nil && before.Incarnation == s.Incarnation {
			delete(j.members, key)
			j.announce()
		}
		return j.every, nil
	case !j.former[former{key, s.Incarnation}].IsZero():
		return 0, fmt.Errorf("%s: %w", cmp.Or(r.URL, s.Name), ErrTaken)
	case before == nil && len(j.members) >= maxMembers:
		return 0, ErrFull
	case before != nil && before.Incarnation != s.Incarnation:
		j.former[former{key, before.Incarnation}] = now.Add(missed * j.every)
	}
	j.members[key] = &member{s, now.Add(missed * j.every)}
	if before == nil || before.Server != s {
		j.announce()
	}
	return j.every, nil
}

// announce says that the list is another; the caller holds mu.
func (j *Joined) announce() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// forget drops what has run out; the caller holds mu.
func (j *Joined) forget(now time.Time) {
	gone := false
	for key, m := range j.members {
		if !now.Before(m.until) {
			delete(j.members, key)
			gone = true
		}
	}
	for key, until := range j.former {
		if !now.Before(until) {
			delete(j.former, key)
		}
	}
	if gone {
		j.announce()
	}
}

// list is who is there, when the first lease runs out, and what is closed at the
// next change.
func (j *Joined) list() (servers []Server, next time.Time, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.forget(time.Now())
	servers = make([]Server, 0, len(j.members))
	for _, m := range j.members {
		servers = append(servers, m.Server)
		if next.IsZero() || m.until.Before(next) {
			next = m.until
		}
	}
	byName(servers)
	return servers, next, j.changed
}

// Watch tells who is there.
func (j *Joined) Watch(ctx context.Context, each func(Update)) {
	var last Update
	for first := true; ; first = false {
		servers, next, changed := j.list()
		if now := (Update{Servers: servers}); first || !now.equal(last) {
			last = now
			each(now)
		}
		wait := time.Hour // without servers no lease runs out
		if !next.IsZero() {
			wait = time.Until(next)
		}
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		}
		if timer.Stop(); ctx.Err() != nil {
			return
		}
	}
}
