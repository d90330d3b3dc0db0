package load

import (
	"context"
	"slices"
)

// pools holds the free containers by function. A container gets no more runs at
// once than it takes: a further run waits, as on the platform.
type pools struct {
	each []chan *Target // by function; nil: no container holds it
	held []int          // the functions that a container holds
}

func newPools(targets []*Target) *pools {
	free := map[int][]*Target{}
	for round := range slices.MaxFunc(targets, func(a, b *Target) int { return a.concurrency() - b.concurrency() }).concurrency() {
		for _, t := range targets { // in rounds, so that the runs are spread
			if round < t.concurrency() {
				free[t.Function] = append(free[t.Function], t)
			}
		}
	}
	p := &pools{}
	for function, places := range free {
		for len(p.each) <= function {
			p.each = append(p.each, nil)
		}
		p.each[function] = make(chan *Target, len(places))
		for _, t := range places {
			p.each[function] <- t
		}
		p.held = append(p.held, function)
	}
	slices.Sort(p.held)
	return p
}

// function returns the function of run n: the one that its arrival names, or
// else each held one in turn.
func (p *pools) function(named, n int) int {
	if named >= 0 && named < len(p.each) && p.each[named] != nil {
		return named
	}
	return p.held[n%len(p.held)]
}

// take waits for a free container, the longest free one first; nil if the
// context ends first.
func (p *pools) take(ctx context.Context, function int) *Target {
	select {
	case t := <-p.each[function]:
		return t
	case <-ctx.Done():
		return nil
	}
}

func (p *pools) put(t *Target) { p.each[t.Function] <- t }
