package function

import "context"

// maxDeliveries bounds how often a run is offered to instances that turn out
// to be dead before they get it.
const maxDeliveries = 3

// Run executes one activation and returns its result.
func (f *Function) Run(ctx context.Context, line []byte, sink Sink) ([]byte, error) {
	s, err := f.acquire(ctx)
	if err != nil {
		return nil, err
	}
	f.load.InFlight.Add(1)
	defer f.load.InFlight.Add(-1)
	defer f.release(s, 1)
	for delivery := 1; ; delivery++ {
		if err := f.revive(ctx, s, sink); err != nil {
			return nil, err
		}
		result, retry, err := s.instance.Run(ctx, line, sink)
		if !retry || delivery == maxDeliveries {
			return result, err
		}
	}
}
