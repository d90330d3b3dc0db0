package spans

import "github.com/whiskaway/whiskaway/runtime-spec"

// Sampled is what a sampler says of a trace.
func Sampled(environ []string, in runtimespec.Trace, id string) (bool, error) {
	s, err := environment(environ).sampler()
	return err == nil && s(in, id), err
}

// MaxQueued is how many spans wait at most.
const MaxQueued = maxQueued
