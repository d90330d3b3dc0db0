package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/whiskaway/whiskaway/bench/internal/load"
)

// outcome is what one or more phases showed; times are in nanoseconds.
type outcome struct {
	latency *hdrhistogram.Histogram // from when a run was due until its answer
	inside  *hdrhistogram.Histogram // in the function
	late    *hdrhistogram.Histogram // from when a run was due until it was sent
	took    time.Duration
	cpu     cpu
	flood   tally
}

func (o *outcome) add(other outcome) {
	if o.latency == nil {
		*o = other
		return
	}
	o.latency.Merge(other.latency)
	o.inside.Merge(other.inside)
	o.late.Merge(other.late)
	o.took += other.took
	o.cpu = o.cpu.plus(other.cpu)
	o.flood = o.flood.plus(other.flood)
}

// inFlight bounds an open loop's runs. A phase in which one more is due fails.
const inFlight = 1024

// openLoop sends runs at a constant rate, whatever happens to earlier runs: a
// server that stalls still gets the runs that are due meanwhile.
func openLoop(address string, run request, perSecond int, length time.Duration) (o outcome, err error) {
	target, err := load.NewTarget("http://"+address, inFlight)
	if err != nil {
		return o, err
	}
	defer target.Close()
	target.Raw, target.Concurrency = true, inFlight
	w := &work{run: run, told: make(chan float64, int(length.Seconds()*float64(perSecond))+1)}
	r := load.Open(context.Background(), []*load.Target{target}, w, load.Constant(float64(perSecond)),
		load.Plan{For: length, InFlight: inFlight, Limit: answerLimit})
	close(w.told)
	if r.Failed > 0 {
		return o, fmt.Errorf("%d runs failed: %v", r.Failed, r.Errors)
	}
	o = outcome{latency: r.Latency, late: r.Lag, inside: hdrhistogram.New(1, int64(time.Minute), 3)}
	for took := range w.told {
		if err := o.inside.RecordValue(int64(took * float64(time.Millisecond))); err != nil {
			return o, err
		}
	}
	return o, nil
}

// work makes one request over and over and keeps what the function reports.
type work struct {
	run  request
	told chan float64 // milliseconds in the function; has room for all runs
}

func (w *work) Next(buf []byte, _ int) []byte {
	if len(buf) == 0 {
		buf = bytes.Clone(w.run.text)
	}
	return request{buf, w.run.at}.as(newID())
}

func (w *work) Check(_ []byte, got *load.Answer) error {
	a, err := newAnswer(got)
	if err == nil {
		err = a.good()
	}
	if err != nil {
		return err
	}
	told, err := a.acted()
	if err == nil {
		w.told <- told.Took
	}
	return err
}
