package policy

import (
	"cmp"
	"time"
)

// Options are the numbers behind fleet and policies. What is zero gets its
// default.
type Options struct {
	Stale time.Duration // a load report older than that is not believed to show idleness (1 s)

	// Policy.
	Choices   int           // how many servers `warm` compares where more are warm (4)
	Hot       float64       // quantile of load above which a server is hot (0.84)
	Forget    time.Duration // a server that gets no runs is believed to be slow or failing for about that long (1 min)
	Bound     float64       // how much more than the mean load a placement may meet (1.25)
	Init      time.Duration // taken for the time of an init before one was seen (1 s)
	KeepAlive time.Duration // servers that have room keep an idle function for as long (5 min)

	// Outlier ejection.
	Errors    int           // consecutive failures that eject a server (5)
	Checks    int           // failed health checks in a row that do (2)
	ErrorRate float64       // share of failures between two sweeps that ejects it (0.5)
	Volume    int           // answers between two sweeps for a share to say anything (10)
	Sweep     time.Duration // between two looks at shares (10 s)
	Ejection  time.Duration // a server's first time out; each further one adds as much (30 s). No refusal is believed for longer
	EjectMost time.Duration // its longest (5 min)
	SlowStart time.Duration // until a server that is new or well again gets its full part (10 s)
	Panic     float64       // with less than this share of servers usable, ejected ones are used too (0.5)

	// Changed, if set, is told each change of a server's health, under the lock.
	Changed func(s *Server, from, to Health)
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	return Options{
		Stale:     cmp.Or(o.Stale, time.Second),
		Choices:   cmp.Or(o.Choices, 4),
		Hot:       cmp.Or(o.Hot, 0.84),
		Forget:    cmp.Or(o.Forget, time.Minute),
		Bound:     cmp.Or(o.Bound, 1.25),
		Init:      cmp.Or(o.Init, time.Second),
		KeepAlive: cmp.Or(o.KeepAlive, 5*time.Minute),
		Errors:    cmp.Or(o.Errors, 5),
		Checks:    cmp.Or(o.Checks, 2),
		ErrorRate: cmp.Or(o.ErrorRate, 0.5),
		Volume:    cmp.Or(o.Volume, 10),
		Sweep:     cmp.Or(o.Sweep, 10*time.Second),
		Ejection:  cmp.Or(o.Ejection, 30*time.Second),
		EjectMost: cmp.Or(o.EjectMost, 5*time.Minute),
		SlowStart: cmp.Or(o.SlowStart, 10*time.Second),
		Panic:     cmp.Or(o.Panic, 0.5),
		Changed:   o.Changed,
	}
}
