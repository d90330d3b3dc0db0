package function

import "context"

// Init makes the function ready: a caller that comes while another starts it
// shares that start's outcome.
func (f *Function) Init(ctx context.Context, sink Sink) error {
	for {
		f.mu.Lock()
		f.refresh()
		first := f.first
		switch {
		case f.state >= Draining || f.closing:
			f.mu.Unlock()
			return ErrUnknown
		case f.state == Ready:
			f.mu.Unlock()
			return nil
		case first == nil:
			s, err := f.takeOrQueue(ctx) // no slot may be free: one is between two starts
			if err != nil {
				return err
			}
			defer f.release(s, 0)
			return f.revive(ctx, s, sink)
		}
		f.mu.Unlock()
		select {
		case <-first.done:
			if first.err == nil || !first.abandoned {
				return first.err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// announce makes the coming start of s the one that others wait for, if no
// instance is there; the caller holds mu.
func (f *Function) announce(s *slot) {
	if s.instance != nil || f.state != Cold {
		return
	}
	f.state = f.state.transition(Starting)
	if s.first == nil { // else somebody may wait for it already
		s.first = &start{done: make(chan struct{})}
	}
	f.first = s.first
}

// revive makes sure that a busy slot has a live instance.
func (f *Function) revive(ctx context.Context, s *slot, sink Sink) error {
	if s.instance != nil && s.instance.Alive() {
		return nil
	}
	f.mu.Lock()
	dead := s.instance
	s.instance = nil
	f.refresh()
	f.announce(s)
	first := s.first
	s.first = nil
	f.mu.Unlock()
	if dead != nil {
		dead.Close()
	}
	instance, err := f.program.Start(ctx, sink)
	if first != nil {
		first.err, first.abandoned = err, ctx.Err() != nil
	}
	f.started(s, instance, first, err)
	return err
}

// started records a start's outcome and tells those who wait for it.
func (f *Function) started(s *slot, instance Instance, first *start, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.processes()
	if err == nil {
		s.instance = instance
	}
	if err != nil || f.processes() > before { // else it joined a process
		f.starts++
	}
	if first != nil {
		close(first.done)
	}
	if f.first == first {
		f.first = nil
	}
	switch {
	case err == nil && f.state == Cold: // another start failed in between
		f.state = f.state.transition(Starting)
		fallthrough
	case f.state == Starting && (err == nil || f.anyBusyAlive()):
		f.state = f.state.transition(Ready)
	case f.state == Starting && first != nil:
		f.state = f.state.transition(Cold)
	}
}
