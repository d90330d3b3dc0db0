package servermode

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/whiskaway/whiskaway/internal/endpoint"
	"github.com/whiskaway/whiskaway/runtime-spec"
	"github.com/whiskaway/whiskaway/servermode/internal/activation"
	"github.com/whiskaway/whiskaway/servermode/internal/invoke"
)

// init makes a function known and ready. It is idempotent.
func (s *Server) init(c *call) error {
	o, err := c.Order(s.settings().InitTimeout)
	if err != nil {
		return err
	}
	action, err := s.receive(c, o)
	if err != nil {
		return err
	}
	ctx, stop := s.service.Context(invoke.InitTime(o.Limit), activation.Overdue{Limit: o.Limit, Init: true})
	defer stop()
	defer context.AfterFunc(c.Context(), stop)()
	a := s.answer(c)
	err = s.service.Init(ctx, action, o.Lease, a)
	a.Leave()
	if err != nil {
		return a.fail(err)
	}
	s.log.Info("function is ready", zap.String("function", action.Key.Identity.Short()), zap.String("action", action.Info.Name), zap.String("tenant", action.Key.Tenant))
	return a.finish([]byte(`{"ok":true}`))
}

// receive reads an init's body, keeps its code, and checks that the caller and the
// server mean the same function.
func (s *Server) receive(c *call, o endpoint.Order) (a invoke.Action, err error) {
	requested, container, err := c.Container()
	if err != nil {
		return a, err
	}
	if err := s.service.Launcher.Kinds.Check(requested); err != nil {
		return a, err
	}
	free, err := s.reserve(c)
	if err != nil {
		return a, err
	}
	defer free() // the body is needed no longer
	body, err := c.Read(s.cfg.initLimit(), nil)
	if err != nil {
		return a, err
	}
	init, err := runtimespec.ParseInit(body)
	if err != nil {
		return a, err
	}
	code, err := c.CodeOf(init, s.service.Store.Has)
	if err != nil {
		return a, err
	}
	if a, err = s.service.Describe(by(c), init, code, requested, container); err != nil {
		return a, err
	}
	return a, c.CheckFunction(a.Spec, o)
}

// smallInit is the largest body that is not reserved memory for: a first step, or a
// source file.
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
