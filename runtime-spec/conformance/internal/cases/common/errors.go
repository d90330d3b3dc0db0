package common

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// Errors returns the cases about failures.
func Errors() []session.Spec {
	return []session.Spec{
		{ID: "run-before-init", Run: runBeforeInit,
			Behaviour: `run before init → 500 "no action defined yet"; init works afterwards`},
		{ID: "init-malformed", Run: initMalformed,
			Behaviour: `init with no body, or one that is no JSON → 400`},
		{ID: "init-bad-base64", Run: initBadBase64,
			Behaviour: `binary code that is no base64 → not 200, an error`},
		{ID: "init-broken-code", Run: initBrokenCode,
			Behaviour: `code that cannot be started → 502, one sentinel each`},
		{ID: "run-exits", Run: runExits,
			Behaviour: `a process that dies in a run → 400 "command exited", one sentinel each`},
		{ID: "run-exits-next", Run: runExitsNext, Own: true,
			Behaviour: `after a process died in a run, the next run gets a fresh one and works; nothing of the dead one's log is in its log`},
		{ID: "run-malformed", Run: runMalformed, Own: true,
			Behaviour: `run with a body that is no JSON → 400; the next run works`},
		{ID: "run-null", Run: runNull, Own: true,
			Behaviour: `run with null is answered; the next run works`},
	}
}

func runBeforeInit(ctx context.Context, s *session.Session) error {
	a, err := s.Reject(ctx, "/run", session.NewActivation(`{}`).Body())
	if err != nil {
		return err
	}
	if err := a.IsError(http.StatusInternalServerError, session.ErrNotInit); err != nil {
		return err
	}
	if err := s.Init(ctx, session.Source(s.Code.Echo)); err != nil {
		return err
	}
	return s.StillEchoes(ctx, `{"now":"ready"}`)
}

func initMalformed(ctx context.Context, s *session.Session) error {
	for _, body := range []string{"", `{"value":{"code":`, `{value: {code: ""}}`} {
		a, err := s.Reject(ctx, "/init", []byte(body))
		if err == nil {
			err = a.Refuses(http.StatusBadRequest)
		}
		if err != nil {
			return fmt.Errorf("body %q: %w", body, err)
		}
	}
	return nil
}

func initBadBase64(ctx context.Context, s *session.Session) error {
	a, err := s.Reject(ctx, "/init", session.InitBody(session.Action{Code: "no base64: ***", Binary: true}))
	if err != nil {
		return err
	}
	return a.Refuses(0)
}

func initBrokenCode(ctx context.Context, s *session.Session) error {
	return s.RefusesInit(ctx, session.Source(s.Code.Broken), http.StatusBadGateway)
}

func dies(ctx context.Context, s *session.Session) error {
	return s.FailsRun(ctx, `{"die":true}`, http.StatusBadRequest, session.ErrRunExited)
}

func runExits(ctx context.Context, s *session.Session) error {
	if err := s.Init(ctx, session.Source(s.Code.Mortal)); err != nil {
		return err
	}
	if err := s.StillEchoes(ctx, `{"alive":true}`); err != nil {
		return err
	}
	return dies(ctx, s)
}

func runExitsNext(ctx context.Context, s *session.Session) error {
	if err := s.Init(ctx, session.Source(s.Code.Mortal)); err != nil {
		return err
	}
	if err := dies(ctx, s); err != nil {
		return err
	}
	a, err := s.Run(ctx, `{"born":"again"}`)
	if err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	if err := a.Gives(`{"born":"again"}`); err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	if bytes.Contains(a.Out, []byte("last words")) {
		return errors.New("the log of the run that died came with the next run")
	}
	return nil
}

func runMalformed(ctx context.Context, s *session.Session) error {
	if err := s.Init(ctx, session.Source(s.Code.Echo)); err != nil {
		return err
	}
	a, err := s.Reject(ctx, "/run", []byte(`{"value":{"a":`))
	if err != nil {
		return err
	}
	if err := a.Refuses(http.StatusBadRequest); err != nil {
		return err
	}
	return s.StillEchoes(ctx, `{"well":"formed"}`)
}

func runNull(ctx context.Context, s *session.Session) error {
	if err := s.Init(ctx, session.Source(s.Code.Echo)); err != nil {
		return err
	}
	a, err := s.Reject(ctx, "/run", []byte(`null`))
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK {
		if err := a.Refuses(0); err != nil {
			return err
		}
	}
	return s.StillEchoes(ctx, `{"not":"null"}`)
}
