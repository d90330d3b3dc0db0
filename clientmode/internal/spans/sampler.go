package spans

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec"
)

// sampler decides whether a span is recorded: one of trace id whose caller is in.
type sampler func(in runtimespec.Trace, id string) bool

// sampler is OTEL_TRACES_SAMPLER's, as the SDK knows them.
func (e environment) sampler() (sampler, error) {
	name := strings.ToLower(e.get("OTEL_TRACES_SAMPLER"))
	kind, based := strings.CutPrefix(name, "parentbased_")
	root := func(string) bool { return true }
	switch kind {
	case "": // the default
		based = true
	case "always_on":
	case "always_off":
		root = func(string) bool { return false }
	case "traceidratio":
		ratio := 1.0
		if text := e.get("OTEL_TRACES_SAMPLER_ARG"); text != "" {
			var err error
			if ratio, err = strconv.ParseFloat(text, 64); err != nil || !(ratio >= 0 && ratio <= 1) {
				return nil, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not %.40q", text)
			}
		}
		root = func(id string) bool { return below(id, ratio) }
	default:
		return nil, fmt.Errorf("OTEL_TRACES_SAMPLER: there is no sampler %.60q", name)
	}
	return func(in runtimespec.Trace, id string) bool {
		if based && in.Parent != "" {
			return in.Sampled()
		}
		return root(id)
	}, nil
}

// below takes the same part of all traces that other services take: those whose
// id's last half, as a number, is small.
func below(id string, ratio float64) bool {
	if ratio >= 1 {
		return true
	}
	n, err := strconv.ParseUint(id[16:], 16, 64)
	return err == nil && n>>1 < uint64(ratio*(1<<63))
}
