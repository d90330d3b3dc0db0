package main

import (
	"fmt"
)

// killed is crash with three servers behind a balancer, each killed in turn.
func killed(r *rig) (out result, err error) {
	out.Columns = []string{"10,000 runs over three servers", "answered 200", "errors", "unanswered at the kills", "in the ledger, answered with an error", "without a line or with a wrong result", "executed twice"}
	bar := newBar(2*crashRuns, "killed")
	for _, arm := range []struct {
		name string
		make callerMaker
	}{{"through a client container each", throughClients}, {"directly", directly}} {
		servers, err := r.start(three)
		if err != nil {
			return out, err
		}
		f, err := r.fleet(servers)
		if err != nil {
			return out, err
		}
		c := &crashing{progress: func() { _ = bar.Add(1) }, front: f.balancer, servers: f.servers}
		err = c.measure(r, arm.make)
		f.stop()
		if err != nil {
			return out, fmt.Errorf("%s: %w", arm.name, err)
		}
		out.addCrash(arm.name, c)
	}
	return out, nil
}
