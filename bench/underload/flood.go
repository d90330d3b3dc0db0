package main

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

const (
	floodConns = 128
	floodTick  = time.Millisecond
)

// tally counts the outcomes of a flood's runs.
type tally struct {
	done    int64
	refused int64 // as saturated
	failed  int64 // all else
	notSent int64 // every connection was busy
}

func (t tally) plus(other tally) tally {
	return tally{t.done + other.done, t.refused + other.refused, t.failed + other.failed, t.notSent + other.notSent}
}

// flood asks for runs at a constant rate, over a bounded number of connections.
// If all of them wait for an answer, a run that is due is not sent.
type flood struct {
	due                            chan struct{}
	over                           chan struct{}
	conns                          sync.WaitGroup
	done, refused, failed, notSent atomic.Int64
}

func startFlood(address string, run request, perSecond float64) *flood {
	f := &flood{due: make(chan struct{}, floodConns), over: make(chan struct{})}
	for range floodConns {
		f.conns.Go(func() { f.send(newConn(address), run.own()) })
	}
	f.conns.Go(func() { f.pace(perSecond) })
	return f
}

func (f *flood) pace(perSecond float64) {
	defer close(f.due)
	tick := time.NewTicker(floodTick)
	defer tick.Stop()
	begin, asked := time.Now(), 0
	for {
		select {
		case <-f.over:
			return
		case now := <-tick.C:
			for due := int(now.Sub(begin).Seconds() * perSecond); asked < due; asked++ {
				select {
				case f.due <- struct{}{}:
				default:
					f.notSent.Add(1)
				}
			}
		}
	}
}

func (f *flood) send(c *conn, run request) {
	defer c.Close()
	for range f.due {
		a, err := c.do(run.as(newID()))
		switch {
		case err != nil:
			f.failed.Add(1)
		case a.status == http.StatusOK:
			f.done.Add(1)
		case a.reason == runtimespec.Saturated:
			f.refused.Add(1)
		default:
			f.failed.Add(1)
		}
	}
}

// reset starts a new count.
func (f *flood) reset() {
	for _, n := range []*atomic.Int64{&f.done, &f.refused, &f.failed, &f.notSent} {
		n.Store(0)
	}
}

func (f *flood) count() tally {
	return tally{f.done.Load(), f.refused.Load(), f.failed.Load(), f.notSent.Load()}
}

func (f *flood) stop() {
	close(f.over)
	f.conns.Wait()
}
