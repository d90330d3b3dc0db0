package action

import (
	"context"
	"errors"
	"time"
)

// Timing of a watch. Large folders are looked at less often, because each look
// lists the folder.
const (
	lookEvery = 150 * time.Millisecond
	lookShare = 10 // at most a tenth of the time is spent on looking
)

// Watch sends a context for the source as it is, and one for each saved version.
// A context ends when the next version is seen.
func Watch(ctx context.Context, s Source) <-chan context.Context {
	versions := make(chan context.Context)
	go func() {
		defer close(versions)
		for seen := s.fingerprint(); ctx.Err() == nil; {
			current, end := context.WithCancel(ctx)
			select {
			case versions <- current:
				seen = s.next(ctx, seen)
			case <-ctx.Done():
			}
			end()
		}
	}()
	return versions
}

// next waits for another version and returns its fingerprint. Two consecutive
// looks must agree: a file that is still being written is not a version.
func (s Source) next(ctx context.Context, seen string) string {
	for before := seen; ; {
		began := time.Now()
		now := s.fingerprint()
		if now != seen && now == before {
			return now
		}
		before = now
		if !pause(ctx, max(lookEvery, lookShare*time.Since(began))) {
			return now
		}
	}
}

// ReadSettled is Read that retries while files change.
func (s Source) ReadSettled(ctx context.Context) (c Code, left []string, err error) {
	c, left, err = s.Read()
	for errors.Is(err, errChanging) && pause(ctx, lookEvery) {
		c, left, err = s.Read()
	}
	return c, left, err
}

// pause waits, and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
