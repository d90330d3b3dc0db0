package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// unseenFor is how long a failure that nobody waited for is kept to be told.
const unseenFor = 10 * time.Minute

// build is one that is being made, or failed.
type build struct {
	place  string
	order  Order
	began  time.Time
	output transcript

	waiting int           // inits that wait; guarded by Shop.mu
	done    chan struct{} // closed when err is final
	err     error
}

// perform makes a build and keeps it, or what it failed with.
func (s *Shop) perform(b *build) {
	ctx, cancel := context.WithTimeoutCause(s.base, s.cfg.Timeout, errTooLong)
	defer cancel()
	err := s.make(ctx, b)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
		if errors.Is(cause, errTooLong) {
			err = fmt.Errorf("%w after %v", cause, s.cfg.Timeout)
		}
	}
	s.mu.Lock()
	delete(s.running, b.place)
	b.err = err
	if err != nil && b.waiting == 0 && s.base.Err() == nil {
		s.unseen[b.place] = b
		time.AfterFunc(unseenFor, func() { s.forget(b) })
	}
	close(b.done)
	s.mu.Unlock()
	if err == nil {
		s.evict(b.place)
	}
}

func (s *Shop) forget(b *build) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unseen[b.place] == b {
		delete(s.unseen, b.place)
	}
}

// make waits for its turn and runs the order in a folder of its own, which
// becomes the place's only when all went well.
func (s *Shop) make(ctx context.Context, b *build) (err error) {
	if !s.turn.TryAcquire(1) {
		b.output.note("waiting for other builds on this server\n")
		if err := s.turn.Acquire(ctx, 1); err != nil {
			return err
		}
	}
	defer s.turn.Release(1)
	j, err := s.newJob(b)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.close(err != nil)) }()
	if err := b.order.Make(ctx, j); err != nil {
		return err
	}
	return s.finish(b.place, j)
}

// newJob makes the folders of a build and takes a user for it.
func (s *Shop) newJob(b *build) (j *Job, err error) {
	j = &Job{shop: s, output: &b.output, shared: b.order.Cache != ""}
	if err := s.recruit(j, b.order.Cache); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.close(true))
		}
	}()
	if j.Dir, err = s.newPlace(b.place); err != nil {
		return j, err
	}
	if j.Scratch, err = os.MkdirTemp(s.cfg.Dir, "scratch-"); err != nil {
		return j, err
	}
	return j, j.Own(j.Dir, j.Scratch)
}
