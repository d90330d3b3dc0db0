package launch

import (
	"context"
	"errors"

	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
	"github.com/whiskaway/whiskaway/servermode/internal/sandbox"
)

// instance is a process as the function package sees it.
type instance struct{ *process.Process }

// Memory returns the resident bytes of the process and of all that it has started.
func (i instance) Memory() int64 {
	return host.ResidentMemory(i.PID())
}

// ranks are function's places as the sandbox's ranks.
var ranks = [...]sandbox.Rank{function.InFront: sandbox.Ordinary, function.Aside: sandbox.Lower, function.Behind: sandbox.Idle}

func (i instance) Yield(place func() function.Place) {
	i.Process.Yield(func() sandbox.Rank { return ranks[place()] })
}

func (i instance) Run(ctx context.Context, line []byte, sink function.Sink) ([]byte, bool, error) {
	result, err := i.Process.Run(ctx, line, sink)
	return result, errors.Is(err, process.ErrNotDelivered), err
}
