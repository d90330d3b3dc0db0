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

// service serves the newest version of an action that started.
type service struct {
	source    action.Source
	main      string
	env       map[string]string
	container clientmode.Config // of every version
	term      *output.Terminal

	number int      // of the version tried last
	left   []string // what was last reported as left out

	mu       sync.Mutex // guards what follows
	current  *version   // nil until one has started
	why      error      // why current is nil
	retiring sync.WaitGroup
}

var errStarting = errors.New("the action is being initialised")

// follow deploys every version that is saved until ctx ends.
func (s *service) follow(ctx context.Context) {
	for saved := range action.Watch(ctx, s.source) {
		s.update(saved)
	}
}

// update deploys the source as it is now. A newer save ends ctx.
func (s *service) update(ctx context.Context) {
	c, left, err := s.source.ReadSettled(ctx)
	if ctx.Err() != nil {
		return
	}
	if len(left) > 0 && !slices.Equal(left, s.left) {
		s.term.Say("left out: %s", output.Shorten(left))
	}
	s.left = left
	serving, _ := s.serving()
	if err == nil && serving != nil && serving.code == c {
		s.term.Say("saved; that is version %d, which serves", serving.number)
		return
	}
	s.number++
	var v *version
	if err == nil {
		s.term.Say("version %d: starting%s", s.number, s.source.Note())
		v, err = s.deploy(ctx, s.number, c)
	}
	switch {
	case err == nil:
		s.swap(v)
	case ctx.Err() != nil:
		s.term.Say("version %d: given up", s.number)
	case serving != nil:
		s.term.Say("version %d: %v", s.number, err)
		s.term.Say("version %d goes on serving", serving.number)
	default:
		s.term.Say("version %d: %v", s.number, err)
		s.fail(err)
		s.term.Say("runs are answered with 503 until a version comes up")
	}
}

// serving returns the version that takes new runs, or the reason why there is
// none.
func (s *service) serving() (*version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current, s.why
}

func (s *service) fail(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.why = why
}

// swap has v take new runs. The version before finishes its run and ends.
func (s *service) swap(v *version) {
	s.mu.Lock()
	old := s.current
	s.current, s.why = v, nil
	s.mu.Unlock()
	if old == nil {
		s.term.Say("version %d serves", v.number)
		return
	}
	s.term.Say("version %d serves, in place of version %d", v.number, old.number)
	s.retiring.Go(old.retire)
}

// acquire waits until the serving version is free. A version that is replaced in
// the meantime gets no new run.
func (s *service) acquire(ctx context.Context) (v *version, release func(), err error) {
	for {
		if v, err = s.serving(); v == nil {
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

// end ends all versions. The source must not be followed any more, and no run be
// in flight.
func (s *service) end() {
	s.mu.Lock()
	last := s.current
	s.current, s.why = nil, errors.New("whiskaway dev has ended")
	s.mu.Unlock()
	if last != nil {
		last.retire()
	}
	s.retiring.Wait()
}
