package main

import (
	"errors"
	"sync"
	"time"

	"github.com/whiskaway/whiskaway/bench/internal/stats"
)

// load is what one or more phases showed; times are in milliseconds.
type load struct {
	latency []float64 // from when a run was due until its answer
	inside  []float64 // in the function
	late    []float64 // from when a run was due until it was sent
	took    time.Duration
	cpu     cpu
	flood   tally
}

func (l *load) add(other load) {
	l.latency = append(l.latency, other.latency...)
	l.inside = append(l.inside, other.inside...)
	l.late = append(l.late, other.late...)
	l.took += other.took
	l.cpu = l.cpu.plus(other.cpu)
	l.flood = l.flood.plus(other.flood)
}

// openLoop sends runs at a constant rate, whatever becomes of those before: a
// server that stalls is not spared what would have come meanwhile.
func openLoop(address string, run request, perSecond int, length time.Duration) (l load, err error) {
	var mu sync.Mutex // guards l, err and idle
	var idle []*conn
	var sent sync.WaitGroup
	interval := time.Second / time.Duration(perSecond)
	begin := time.Now()
	for n := range int(length / interval) {
		due := begin.Add(time.Duration(n) * interval)
		time.Sleep(time.Until(due))
		sent.Go(func() {
			mu.Lock()
			c := &conn{address: address}
			if last := len(idle) - 1; last >= 0 {
				c, idle = idle[last], idle[:last]
			}
			mu.Unlock()
			text, late := run.own().as(newID()), time.Since(due)
			a, e := c.must(text)
			took := time.Since(due)
			told, bad := a.acted()
			mu.Lock()
			defer mu.Unlock()
			idle = append(idle, c)
			if e = errors.Join(e, bad); e != nil {
				err = e
				return
			}
			l.latency, l.inside, l.late = append(l.latency, stats.Milliseconds(took)), append(l.inside, told.Took), append(l.late, stats.Milliseconds(late))
		})
	}
	sent.Wait()
	for _, c := range idle {
		c.close()
	}
	return l, err
}
