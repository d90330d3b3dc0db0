package dev

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/whiskaway/whiskaway/clientmode"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/action"
	"github.com/whiskaway/whiskaway/cmd/whiskaway/internal/output"
)

// service serves the newest version of an action that comes up.
type service struct {
	source    action.Source
	main      string
	env       map[string]string
	container clientmode.Config // of every version
	term      *output.Terminal

	number int      // of the version tried last
	left   []string // what was said to be left out

	mu       sync.Mutex // guards what follows
	current  *version   // nil until one has come up
	why      error      // there is none
	retiring sync.WaitGroup
}

var errStarting = errors.New("the action is being initialised")

// follow tries every version that is saved until ctx ends.
func (d *service) follow(ctx context.Context) {
	for saved := range action.Watch(ctx, d.source) {
		d.update(saved)
	}
}

// update tries the source as it is now. A newer save ends ctx.
func (d *service) update(ctx context.Context) {
	c, left, err := d.source.LoadSettled(ctx)
	if ctx.Err() != nil {
		return
	}
	if len(left) > 0 && !slices.Equal(left, d.left) {
		d.term.Say("left out: %s", output.Shorten(left))
	}
	d.left = left
	serving, _ := d.serving()
	if err == nil && serving != nil && serving.code == c {
		d.term.Say("saved; that is version %d, which serves", serving.number)
		return
	}
	d.number++
	var v *version
	if err == nil {
		d.term.Say("version %d: starting%s", d.number, d.source.Note())
		v, err = d.deploy(ctx, d.number, c)
	}
	switch {
	case err == nil:
		d.swap(v)
	case ctx.Err() != nil:
		d.term.Say("version %d: given up", d.number)
	case serving != nil:
		d.term.Say("version %d: %v", d.number, err)
		d.term.Say("version %d goes on serving", serving.number)
	default:
		d.term.Say("version %d: %v", d.number, err)
		d.fail(err)
		d.term.Say("runs are answered with 503 until a version comes up")
	}
}

// serving is the version that takes new runs, or why there is none.
func (d *service) serving() (*version, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.current, d.why
}

func (d *service) fail(why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.why = why
}

// swap lets v take new runs; the one before finishes its own, then ends.
func (d *service) swap(v *version) {
	d.mu.Lock()
	old := d.current
	d.current, d.why = v, nil
	d.mu.Unlock()
	if old == nil {
		d.term.Say("version %d serves", v.number)
		return
	}
	d.term.Say("version %d serves, in place of version %d", v.number, old.number)
	d.retiring.Go(old.retire)
}

// acquire waits for the serving version to be free. One that is replaced in the
// meantime keeps only the run that it has.
func (d *service) acquire(ctx context.Context) (v *version, release func(), err error) {
	for {
		if v, err = d.serving(); v == nil {
			return nil, nil, err
		}
		select {
		case v.slot <- struct{}{}:
			release := func() { <-v.slot }
			select {
			case <-v.retired:
				release()
			default:
				return v, release, nil
			}
		case <-v.retired:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// end ends every version. Nothing follows or runs any more.
func (d *service) end() {
	d.mu.Lock()
	last := d.current
	d.current, d.why = nil, errors.New("whiskaway dev has ended")
	d.mu.Unlock()
	if last != nil {
		last.retire()
	}
	d.retiring.Wait()
}
