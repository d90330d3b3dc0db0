package conformance

import (
	"context"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// Sentinel is the line that ends an activation's log on each stream.
const Sentinel = session.Sentinel

// A Target starts containers of the runtime under test.
type Target interface {
	// Start returns a fresh, uninitialised container that accepts requests. env
	// is the container's environment, on top of what the target sets. If it
	// cannot be set, the error wraps [ErrNotChecked].
	Start(ctx context.Context, env map[string]string) (*Container, error)
}

// A Provider is a Target that says which needs of cases it provides for.
type Provider interface {
	Provides() Need
}

// Container is one running container.
type Container struct {
	// URL is the base of /init and /run, without a slash at its end.
	URL string
	// Stdout and Stderr return all bytes that the container has written so
	// far. They must work after Close too. Nil: the streams cannot be seen.
	Stdout, Stderr func() []byte
	// Immediate says that Stdout and Stderr show a write as soon as it has
	// returned. Then a sentinel must be there when its answer arrives;
	// otherwise the checks wait for it a little.
	Immediate bool
	// Close ends the container and returns when its streams are complete.
	Close func() error
}

// Need is a set of things that a case needs from the target.
type Need uint

const (
	// NeedsStreams: the case is about logs, so the streams must be visible. Any
	// container that has them provides for it; a target need not declare it.
	NeedsStreams Need = session.NeedStreams
	// NeedsAck: the runtime obeys OW_WAIT_FOR_ACK in the environment given to
	// Start.
	NeedsAck Need = session.NeedAck
	// NeedsExecutionEnv: the runtime obeys OW_EXECUTION_ENV in that
	// environment.
	NeedsExecutionEnv Need = session.NeedExecutionEnv
	// NeedsKind: the runtime obeys WHISKAWAY_KIND in that environment.
	NeedsKind Need = session.NeedKind
	// NeedsOpenWhisk: JavaScript actions can require the package openwhisk,
	// which they do not bring.
	NeedsOpenWhisk Need = session.NeedOpenWhisk
)

var needNames = []struct {
	need Need
	name string
}{
	{NeedsStreams, "visible streams"},
	{NeedsAck, "a target that obeys OW_WAIT_FOR_ACK"},
	{NeedsExecutionEnv, "a target that obeys OW_EXECUTION_ENV"},
	{NeedsKind, "a target that obeys WHISKAWAY_KIND"},
	{NeedsOpenWhisk, "a target whose Node has the package openwhisk"},
}

func (n Need) String() string {
	text := ""
	for _, known := range needNames {
		if n&known.need == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += known.name
	}
	return text
}
