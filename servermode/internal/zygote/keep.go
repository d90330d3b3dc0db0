package zygote

import (
	"context"
	"fmt"
	"time"
)

const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// keep replaces the parent each time it ends, until ctx ends.
func (p *Parent) keep(ctx context.Context, l *life) {
	since, early := time.Now(), 0
	for {
		if l != nil {
			<-l.over
			p.all.Go(p.tell(ctx, l))
		}
		p.enter(down, nil)
		if early++; time.Since(since) >= lastPause {
			early = 1
		}
		select {
		case <-time.After(pause(early)):
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return
		}
		p.enter(starting, nil)
		since = time.Now()
		var err error
		l, err = p.startLife(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.cfg.Notice(fmt.Errorf("functions are executed, not forked, until the next attempt: %w", err))
		default:
			p.enter(up, l)
		}
	}
}

// tell waits for a parent's end and reports it to Notice, unless it was intended.
func (p *Parent) tell(ctx context.Context, l *life) func() {
	return func() {
		<-l.gone
		if ctx.Err() == nil {
			p.cfg.Notice(l.ended)
		}
	}
}

// pause returns how long to wait before a parent is replaced. The first that ended
// early is replaced at once, each further one after a longer pause.
func pause(early int) time.Duration {
	if early <= 1 {
		return 0
	}
	return min(firstPause<<min(early-2, 10), lastPause)
}
