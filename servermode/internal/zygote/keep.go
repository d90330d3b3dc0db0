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

// keep replaces the parent each time when it ends, until ctx does.
func (p *Parent) keep(ctx context.Context, l *life) {
	began, early := time.Now(), 0
	for {
		if l != nil {
			<-l.over
			p.all.Go(p.tell(ctx, l))
		}
		p.enter(down, nil)
		if early++; time.Since(began) >= lastPause {
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
		began = time.Now()
		var err error
		l, err = p.begin(ctx)
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

// tell waits for a parent's end and says how it ended, unless it was to end.
func (p *Parent) tell(ctx context.Context, l *life) func() {
	return func() {
		<-l.gone
		if ctx.Err() == nil {
			p.cfg.Notice(l.ended)
		}
	}
}

// pause is how long to wait before a parent is replaced: the first one that
// ended early, at once; then longer with each.
func pause(early int) time.Duration {
	if early <= 1 {
		return 0
	}
	return min(firstPause<<min(early-2, 10), lastPause)
}
