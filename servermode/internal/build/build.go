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
	err := s.makeInTurn(b)
	b.output.end(err)
	s.mu.Lock()
	delete(s.running, b.place)
	b.err, b.order.Make = err, nil // which may hold the code
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

// makeInTurn makes a build within its time, which begins with its turn.
func (s *Shop) makeInTurn(b *build) error {
	done, err := s.takeTurn(b)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithTimeoutCause(s.base, s.cfg.Timeout, errTooLong)
	defer cancel()
	err = s.make(ctx, b)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		if errors.Is(cause, errTooLong) {
			return fmt.Errorf("%w after %v", cause, s.cfg.Timeout)
		}
		return cause
	}
	return err
}

// make runs the order in a folder of its own, which becomes the place's only
// when all went well.
func (s *Shop) make(ctx context.Context, b *build) (err error) {
	j := &Job{shop: s, output: &b.output}
	defer func() { err = errors.Join(err, j.close(err != nil)) }()
	if err := s.equip(ctx, j, b); err != nil {
		return err
	}
	if err := b.order.Make(ctx, j); err != nil {
		return err
	}
	return s.finish(b.place, j)
}

// equip gives a job its user and its folders.
func (s *Shop) equip(ctx context.Context, j *Job, b *build) (err error) {
	if s.cfg.Box.Users != nil {
		if j.user, err = s.cfg.Box.Users.Acquire(); err != nil {
			return err
		}
	}
	if j.Dir, err = s.newPlace(b.place, j.user); err != nil {
		return err
	}
	if j.Scratch, err = os.MkdirTemp(s.cfg.Dir, "scratch-"); err != nil {
		return err
	}
	if err := j.Own(j.Dir, j.Scratch); err != nil || b.order.Cache == "" {
		return err
	}
	return s.lend(ctx, j, b.order)
}
