package kind

import (
	"fmt"
	"slices"
	"strings"
)

// GPUSuffix marks the GPU variant of a kind: python:3-gpu.
const GPUSuffix = "-gpu"

// Match reports whether a requested kind is of a family and has one of its versions:
// none, the default, or one of those given. The error for another version says what
// the server has.
func Match(requested, family, has string, versions ...string) (bool, error) {
	name, version, _ := strings.Cut(strings.TrimSuffix(requested, GPUSuffix), ":")
	if name != family {
		return false, nil
	}
	if version == "" || version == "default" || slices.Contains(versions, version) {
		return true, nil
	}
	return false, fmt.Errorf("%w: %.60q; this server has %s", ErrUnsupported, requested, has)
}

// FunctionEnv returns what a kind's suffix adds to the function's environment.
func FunctionEnv(requested string) map[string]string {
	if strings.HasSuffix(requested, GPUSuffix) {
		return map[string]string{"WHISKAWAY_GPU": "1"}
	}
	return nil
}
