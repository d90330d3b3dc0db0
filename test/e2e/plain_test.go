package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
	"github.com/whiskaway/whiskaway/test/harness"
)

// plainServer is a server as one classic runtime container: no client is
// between it and the platform. Cases that want nothing special of its
// environment share one, whose slot /stop frees for the next.
type plainServer struct {
	t       *testing.T
	kind    string
	special string // state folder of the others, so that what is built is kept
	shared  *conformance.Container
}

func newPlainServer(t *testing.T, kind string) *plainServer {
	p := &plainServer{t: t, kind: kind, special: harness.StateDir(t)}
	shared, err := p.start(t.Context(), harness.StateDir(t), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, shared.Close()) })
	p.shared = shared
	return p
}

func (*plainServer) Provides() conformance.Need { return chain{}.Provides() }

// Start starts a container whose streams carry the function's log alone.
func (p *plainServer) Start(ctx context.Context, env map[string]string) (*conformance.Container, error) {
	if len(env) > 0 {
		return p.start(ctx, p.special, env)
	}
	return &conformance.Container{
		URL: p.shared.URL, Immediate: p.shared.Immediate,
		Stdout: after(p.shared.Stdout), Stderr: after(p.shared.Stderr), Close: p.free,
	}, nil
}

func (p *plainServer) start(ctx context.Context, state string, env map[string]string) (*conformance.Container, error) {
	server := conformance.Exec{
		Command: []string{filepath.Join(harness.Bins, "servermode"), "--listen", "127.0.0.1:{port}",
			"--state-dir", state, "--log", filepath.Join(p.t.TempDir(), "log"), grace},
		Env: append(append(os.Environ(), harness.Env...), "WHISKAWAY_KIND="+p.kind),
	}
	return server.Start(ctx, env)
}

// after returns what a stream shows from now on.
func after(stream func() []byte) func() []byte {
	mark := len(stream())
	return func() []byte { return stream()[mark:] }
}

func (p *plainServer) free() error {
	a, err := harness.TryPost(p.shared.URL+"/stop", []byte{})
	if err == nil && a.Status != http.StatusOK {
		err = errors.New(a.Body)
	}
	return err
}

// Every behaviour that the platform's own suites check, of the server itself.
func TestConformance_PlainServer(t *testing.T) {
	for _, kind := range conformance.Kinds() {
		t.Run(kind, func(t *testing.T) {
			needsOf(t, kind)
			target := newPlainServer(t, kind)
			for _, c := range conformance.For(kind) {
				t.Run(c.ID, func(t *testing.T) {
					err := conformance.Check(t.Context(), target, c)
					if errors.Is(err, conformance.ErrNotChecked) {
						t.Skip(err)
					}
					require.NoError(t, err)
				})
			}
		})
	}
}
