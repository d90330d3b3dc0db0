package e2e_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance"
	"github.com/whiskaway/whiskaway/test/harness"
)

func TestMain(m *testing.M) {
	conformance.ActIfAsked()
	harness.Main(m)
}

// chain is client → server as one runtime. What a case wants of the runtime's
// environment, the server gets.
type chain struct {
	t    *testing.T
	kind string
	url  string // of the server for cases that want nothing special

	balanced bool // a balancer is in front of special servers
}

func (c chain) Provides() conformance.Need {
	needs := conformance.NeedsAck | conformance.NeedsExecutionEnv | conformance.NeedsKind
	if os.Getenv("WHISKAWAY_NODE_MODULES") != "" { // set by make test; the servers see it too
		needs |= conformance.NeedsOpenWhisk
	}
	return needs
}

func (c chain) Start(ctx context.Context, env map[string]string) (*conformance.Container, error) {
	upstream := c.url
	var server []string
	for _, key := range []string{"OW_WAIT_FOR_ACK", "OW_EXECUTION_ENV"} {
		if value, ok := env[key]; ok {
			server = append(server, key+"="+value)
		}
	}
	if server != nil {
		special := harness.Start(c.t, "servermode", server, "--listen=127.0.0.1:0", "--state-dir="+harness.StateDir(c.t), grace)
		if upstream = special.URL; c.balanced {
			upstream = harness.Balancer(c.t, special.URL).URL
		}
	}
	client := conformance.Exec{
		Command: []string{filepath.Join(harness.Bins, "clientmode"), "--listen", "127.0.0.1:{port}", "--upstream", upstream},
		Env:     append(harness.Env, "WHISKAWAY_KIND="+c.kind),
	}
	return client.Start(ctx, env)
}

// grace is what a loaded machine needs to see a shell fail; a native process
// that waits for its input is ready before.
const grace = "--native-grace=10s"

// Every behaviour that the platform's own suites check, from client to server,
// over HTTP, with the container's streams.
func TestConformance_ClientToServer(t *testing.T) {
	for _, kind := range conformance.Kinds() {
		t.Run(kind, func(t *testing.T) {
			needsOf(t, kind)
			target := chain{t: t, kind: kind, url: harness.Server(t, grace).URL}
			checkAll(t, target, conformance.For(kind))
		})
	}
}

// needsOf skips a test where the host lacks what runs a kind.
func needsOf(t *testing.T, kind string) {
	t.Helper()
	name, _, _ := strings.Cut(kind, ":")
	switch name {
	case "python":
		harness.Needs(t, "python3")
	case "nodejs":
		harness.Needs(t, "node")
	}
}

// checkAll has a runtime checked.
func checkAll(t *testing.T, target conformance.Target, cases []conformance.Case) {
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			err := conformance.Check(t.Context(), target, c)
			if errors.Is(err, conformance.ErrNotChecked) {
				t.Skip(err)
			}
			require.NoError(t, err)
		})
	}
}
