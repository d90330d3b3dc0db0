//go:build !unix

package conformance

import (
	"context"
	"errors"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

// start has no process groups to end a container by.
func start(context.Context, []string, []string, string, map[string]string) (*conformance.Container, error) {
	return nil, errors.New("--exec is for Unix; --url names a container that runs already")
}
