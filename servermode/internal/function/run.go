package function

import "context"

// maxDeliveries bounds how often a run is offered to instances that turn out to be
// dead before they get it.
const maxDeliveries = 3

// Run executes one activation and returns its result.
func (f *Function) Run(ctx context.Context, line []byte, sink Sink) ([]byte, error) {
	arrived := f.table.now()
	s, err := f.acquire(ctx, arrived, sink)
	if err != nil {
		f.meter.Refused(err)
		return nil, err
	}
	f.table.load.InFlight.Add(1)
	defer f.table.load.InFlight.Add(-1)
	defer f.release(s, 1)
	cold := false
	for delivery := 1; ; delivery++ {
		if !s.alive() {
			cold = true
			if err := f.revive(ctx, s, sink, false); err != nil {
				f.meter.Refused(err)
				return nil, err
			}
		}
		handed := f.table.now()
		Enter(sink, StageExecute)
		result, retry, err := f.execute(ctx, s.instance, line, sink)
		if !retry || delivery == maxDeliveries {
			s.took = f.table.now().Sub(handed)
			f.meter.Ran(Ran{Queued: handed.Sub(arrived), Took: s.took, Cold: cold, Result: result, Err: err})
			return result, err
		}
	}
}

// execute hands the run to an instance, which shares the CPUs with those of other
// tenants. A server with one tenant counts nothing here, because the shares have one
// lock for all functions.
func (f *Function) execute(ctx context.Context, i Instance, line []byte, sink Sink) (result []byte, retry bool, err error) {
	if f.table.cfg.Load().Tenants {
		f.table.cpuShares.enter(f.key.Tenant, i)
		defer f.table.cpuShares.leave(f.key.Tenant, i)
	}
	return i.Run(ctx, line, sink)
}
