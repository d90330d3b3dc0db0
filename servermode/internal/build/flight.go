package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/whiskaway/whiskaway/internal/singleflight"
)

// unseenFor is how long a failure is kept that no init waited for.
const unseenFor = 10 * time.Minute

// flight is a build in flight, or one that failed. Inits wait for it. It goes on
// when they leave.
type flight struct {
	singleflight.Call[struct{}]
	place   string
	order   Order
	started time.Time
	output  transcript
}

// perform makes a build, and keeps it or the error with which it failed.
func (b *Builder) perform(f *flight) {
	err := b.makeInSlot(f)
	f.output.end(err)
	b.mu.Lock()
	delete(b.running, f.place)
	f.order.Make = nil // which may hold the code
	if f.End(struct{}{}, err) == 0 && err != nil && b.base.Err() == nil {
		b.unseen[f.place] = f
		time.AfterFunc(unseenFor, func() { b.forget(f) })
	}
	b.mu.Unlock()
	if err == nil {
		b.evict(f.place)
	}
}

func (b *Builder) forget(f *flight) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unseen[f.place] == f {
		delete(b.unseen, f.place)
	}
}

// makeInSlot waits for a slot and makes a build. The build's time starts when it has
// its slot.
func (b *Builder) makeInSlot(f *flight) error {
	done, err := b.acquireSlot(f)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithTimeoutCause(b.base, b.cfg.Timeout, errTooLong)
	defer cancel()
	err = b.make(ctx, f)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		if errors.Is(cause, errTooLong) {
			return fmt.Errorf("%w after %v", cause, b.cfg.Timeout)
		}
		return cause
	}
	return err
}

// make runs the order in a folder of its own, which becomes the place's only
// when all went well.
func (b *Builder) make(ctx context.Context, f *flight) (err error) {
	j := &Job{builder: b, output: &f.output}
	defer func() { err = errors.Join(err, j.close(err != nil)) }()
	if err := b.equip(ctx, j, f); err != nil {
		return err
	}
	if err := f.order.Make(ctx, j); err != nil {
		return err
	}
	return b.finish(f.place, j)
}

// equip gives a job its user and its folders.
func (b *Builder) equip(ctx context.Context, j *Job, f *flight) (err error) {
	if b.cfg.Box.Users != nil {
		if j.user, err = b.cfg.Box.Users.Acquire(); err != nil {
			return err
		}
	}
	if j.Dir, err = b.newPlace(f.place, j.user); err != nil {
		return err
	}
	if j.Scratch, err = os.MkdirTemp(b.cfg.Dir, "scratch-"); err != nil {
		return err
	}
	if err := j.Own(j.Dir, j.Scratch); err != nil || f.order.Cache == "" {
		return err
	}
	return b.lend(ctx, j, f.order)
}
