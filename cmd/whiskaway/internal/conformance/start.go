//go:build unix

package conformance

import (
	"context"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
)

// start starts a container as a process.
func start(ctx context.Context, command, environ []string, dir string, env map[string]string) (*conformance.Container, error) {
	return conformance.Exec{Command: command, Env: environ, Dir: dir}.Start(ctx, env)
}
