package invoke

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/whiskaway/whiskaway/internal/refusal"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
	"github.com/whiskaway/whiskaway/servermode/internal/host"
)

// Action is a function as an init describes it.
type Action struct {
	Key  function.Key
	Spec runtimespec.Function
	Info function.Info
}

// Describe returns the action that an init describes, and keeps its code if it came
// along. container is the environment of the caller's container.
func (s *Service) Describe(by Caller, init *runtimespec.InitBody, code runtimespec.Digest, kind string, container map[string]string) (a Action, err error) {
	if init.HasCode {
		if err := s.Store.Put(by.Tenant, code, init.Code); err != nil {
			return a, fmt.Errorf("%w: keeping its code: %w", host.ErrStart, err)
		}
	}
	a.Spec = init.Function(kind, code, container, s.VolatileEnv)
	if err := checkEnv(a.Spec.Env); err != nil {
		return a, err
	}
	a.Key = function.Key{Tenant: by.Tenant, Identity: a.Spec.Identity()}
	a.Info = function.Info{Name: cmp.Or(a.Spec.Env["__OW_ACTION_NAME"], init.Name), Kind: kind, Main: a.Spec.Main}
	by.Span.Text("faas.name", a.Info.Name)
	a.Info.Wish, err = s.Settings().Bounds.Wish(a.Spec.Env)
	return a, err
}

// These are Linux's limits: 32 pages per variable, and in all a quarter of the
// stack's limit. A part of it is left for what the server adds.
const (
	maxVariable = 128 << 10
	maxEnv      = 1 << 20
)

// checkEnv refuses variables that no process can have in its environment.
func checkEnv(env map[string]string) error {
	total := 0
	for key, value := range env {
		total += len(key) + len(value) + 2
		if len(key)+len(value)+2 > maxVariable || total > maxEnv {
			return refusal.New(runtimespec.BadRequest, "init parameter %.60q is too long for an environment: %d bytes each and %d in all are the limit", key, maxVariable, maxEnv)
		}
		if key == "" || strings.ContainsAny(key, "=\x00") || strings.Contains(value, "\x00") {
			return refusal.New(runtimespec.BadRequest, "init parameter %.60q cannot be an environment variable", key)
		}
	}
	return nil
}
