package servermode

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/function"
)

// initMargin is kept off an init's time: that a build goes on is worth telling,
// and the caller hears it only if it still waits.
const initMargin = 250 * time.Millisecond

// init makes a function known and ready. It is idempotent.
func (s *Server) init(c *call) error {
	o, err := c.Order(s.settings().InitTimeout)
	if err != nil {
		return err
	}
	key, limit := keyOf(o), o.Limit
	spec, info, err := s.receive(c, o)
	if err != nil {
		return err
	}
	ctx, stop := s.context(limit-min(initMargin, limit/10), overdue{limit: limit, init: true})
	defer stop()
	defer context.AfterFunc(c.Context(), stop)()
	a := s.answer(c)
	err = s.table.Init(ctx, key, o.Lease, info, s.programOf(c.Tenant, spec), a)
	a.leave()
	if err != nil {
		return a.fail(err)
	}
	s.log.Info("function is ready", zap.String("function", key.Identity.Short()), zap.String("action", info.Name), zap.String("tenant", key.Tenant))
	return a.finish([]byte(`{"ok":true}`))
}

// programOf makes the program of a function that the table does not know.
func (s *Server) programOf(tenant string, spec runtimespec.Function) func() (function.Program, error) {
	return func() (function.Program, error) {
		return &program{server: s, tenant: tenant, spec: spec, laying: semaphore.NewWeighted(1)}, nil
	}
}

// receive reads an init's body and keeps its code, and checks that the caller
// and the server mean the same function.
func (s *Server) receive(c *call, o endpoint.Order) (spec runtimespec.Function, info function.Info, err error) {
	requested, container, err := c.Container()
	if err != nil {
		return spec, info, err
	}
	if err := s.kinds.Check(requested); err != nil {
		return spec, info, err
	}
	free, err := s.reserve(c)
	if err != nil {
		return spec, info, err
	}
	defer free() // the body is not referred to any more
	body, err := c.Read(s.cfg.initLimit(), nil)
	if err != nil {
		return spec, info, err
	}
	init, err := runtimespec.ParseInit(body)
	if err != nil {
		return spec, info, err
	}
	if spec, info, err = s.understand(c, init, requested, container); err != nil {
		return spec, info, err
	}
	return spec, info, c.CheckFunction(spec, o)
}

// understand finds out which function an init describes and keeps its code.
func (s *Server) understand(c *call, init *runtimespec.InitBody, requested string, container map[string]string) (spec runtimespec.Function, info function.Info, err error) {
	digest, err := s.keepCode(c, init)
	if err != nil {
		return spec, info, err
	}
	spec = init.Function(requested, digest, container, s.cfg.VolatileEnv)
	if err := checkEnv(spec.Env); err != nil {
		return spec, info, err
	}
	name := spec.Env["__OW_ACTION_NAME"]
	if name == "" {
		name = init.Name
	}
	c.Span.Text("faas.name", name)
	wish, err := s.settings().wish(spec.Env)
	return spec, function.Info{Name: name, Kind: requested, Main: spec.Main, Wish: wish}, err
}

// keepCode stores the code that came, or finds what an earlier init brought.
func (s *Server) keepCode(c *call, init *runtimespec.InitBody) (digest runtimespec.Digest, err error) {
	if digest, err = c.CodeOf(init, s.store.Has); err != nil || !init.HasCode {
		return digest, err
	}
	if err := s.store.Put(c.Tenant, digest, init.Code); err != nil {
		return digest, fmt.Errorf("%w: keeping its code: %w", errStart, err)
	}
	return digest, nil
}

// What Linux takes: 32 pages per variable, and a quarter of the stack's limit in
// all, less some for what the server adds.
const (
	maxVariable = 128 << 10
	maxEnv      = 1 << 20
)

// checkEnv refuses what no process can have in its environment.
func checkEnv(env map[string]string) error {
	total := 0
	for key, value := range env {
		total += len(key) + len(value) + 2
		if len(key)+len(value)+2 > maxVariable || total > maxEnv {
			return refusal(runtimespec.BadRequest, fmt.Sprintf("init parameter %.60q is too long for an environment: %d bytes each and %d in all are the limit", key, maxVariable, maxEnv))
		}
		if key == "" || strings.ContainsAny(key, "=\x00") || strings.Contains(value, "\x00") {
			return refusal(runtimespec.BadRequest, fmt.Sprintf("init parameter %.60q cannot be an environment variable", key))
		}
	}
	return nil
}

// smallInit is a body that need not wait for memory: a first step, or source.
const smallInit = 1 << 20

// reserve waits until the init's body fits into the memory set aside for
// uploads.
func (s *Server) reserve(c *call) (free func(), err error) {
	size := c.ContentLength
	if 0 <= size && size <= smallInit {
		return func() {}, nil
	}
	if size < 0 || size > s.cfg.MaxInitBody {
		size = s.cfg.MaxInitBody
	}
	if err := s.uploads.Acquire(c.Context(), size); err != nil {
		return nil, fmt.Errorf("waiting for memory: %w", err)
	}
	return func() { s.uploads.Release(size) }, nil
}

// context is what an init or a run works under: it ends at the time limit or
// with the server. stop cancels it.
func (s *Server) context(limit time.Duration, late overdue) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(s.base)
	timer := time.AfterFunc(limit, func() { cancel(late) })
	return ctx, func() { timer.Stop(); cancel(errCancelled) }
}
