package function

import (
	"context"
	"errors"
	"time"
)

// Init makes the function ready. A caller that arrives during another caller's start
// shares its outcome.
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
			s, err := f.takeOrQueue(ctx, f.table.now(), sink) // it may have to wait: a slot may be between two starts
			if err != nil {
				return err
			}
			defer f.release(s, 0)
			if s.alive() {
				return nil
			}
			return f.revive(ctx, s, sink, false)
		}
		first.Join()
		f.mu.Unlock()
		Enter(sink, StageWait)
		if err := first.Wait(ctx); err != nil {
			return err
		}
		if _, err := first.Outcome(); err != errAbandoned {
			return err
		}
	}
}

// alive reports whether a busy slot has an instance that can be given a run.
func (s *slot) alive() bool { return s.instance != nil && s.instance.Alive() }

// announce makes the coming start of s the one that inits wait for, if the function
// has no instance.
func (f *Function) announce(s *slot) {
	if s.instance != nil || f.state != Cold {
		return
	}
	f.become(Starting)
	if s.first == nil { // otherwise an init may already wait for it
		s.first = &start{}
		s.first.Begin(nil)
	}
	f.first = s.first
}

// revive gives a busy slot a live instance. An instance for the queue is not started
// if the queue is empty by the time there is a place for it.
func (f *Function) revive(ctx context.Context, s *slot, sink Sink, forQueue bool) error {
	f.mu.Lock()
	dead := s.instance
	s.instance = nil
	var left dismissal
	if dead != nil {
		left = f.drop([]*slot{{instance: dead}})
		f.ending-- // this slot stays
	}
	f.settle()
	f.announce(s)
	first := s.first
	s.first = nil
	f.mu.Unlock()
	if dead != nil {
		dead.Close()
		f.table.host.gone(f.key, left.processes, 0)
	}
	Enter(sink, StageWait)
	ticket, err := f.enter(ctx, s.open, forQueue)
	from := f.table.now()
	var instance Instance
	if err == nil {
		instance, err = f.program.Start(ctx, sink)
	}
	outcome := err
	if err != nil && (ctx.Err() != nil || errors.Is(err, errUnneeded)) {
		outcome = errAbandoned
	}
	process := f.started(s, instance, first, err, outcome, f.table.now().Sub(from))
	f.table.host.startEnded(f.key, ticket, process)
	return err
}

// enter waits for a place on the host, unless the instance joins a process.
func (f *Function) enter(ctx context.Context, open, forQueue bool) (ticket *startRequest, err error) {
	if open {
		return nil, nil
	}
	if ticket, err = f.table.host.enter(ctx, f.key); err != nil {
		return nil, err
	}
	if forQueue && !f.wanted() {
		err = errUnneeded
	}
	return ticket, err
}

// notTried reports whether a start ended before it was attempted.
func notTried(err error) bool {
	return errors.Is(err, errUnneeded) || errors.Is(err, ErrExpired) || errors.Is(err, ErrSaturated)
}

// started records the end of a start and tells its outcome to the inits that wait
// for it. It reports whether the start made a process.
func (f *Function) started(s *slot, instance Instance, first *start, err, outcome error, took time.Duration) (process bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		process = !f.pids(nil)[instance.PID()]
		s.instance, s.open = instance, false
	}
	if process || err != nil && !notTried(err) { // otherwise it joined a process
		f.starts++
		f.meter.Started(took, err)
	}
	if process {
		f.startTime = smooth(f.startTime, took)
	}
	if first != nil {
		first.End(struct{}{}, outcome)
	}
	if f.first == first {
		f.first = nil
	}
	switch {
	case err == nil && f.state == Cold: // another start failed in between
		f.become(Starting)
		fallthrough
	case f.state == Starting && (err == nil || f.anyBusyAlive()):
		f.become(Ready)
	case f.state == Starting && first != nil:
		f.become(Cold)
	}
	return process
}
