package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
)

func errorCases() []Case {
	return []Case{
		{ID: "run-before-init", run: runBeforeInit,
			Behaviour: `run before init → 500 "no action defined yet"; init works afterwards`},
		{ID: "init-malformed", run: initMalformed,
			Behaviour: `init with no body, or one that is no JSON → 400`},
		{ID: "init-bad-base64", run: initBadBase64,
			Behaviour: `binary code that is no base64 → not 200, an error`},
		{ID: "init-broken-code", run: initBrokenCode,
			Behaviour: `code that cannot be started → 502, one sentinel each`},
		{ID: "run-exits", run: runExits,
			Behaviour: `a process that dies in a run → 400 "command exited", one sentinel each`},
		{ID: "run-exits-next", run: runExitsNext, Own: true,
			Behaviour: `after a process died in a run, the next run gets a fresh one and works; nothing of the dead one's log is in its log`},
		{ID: "run-malformed", run: runMalformed, Own: true,
			Behaviour: `run with a body that is no JSON → 400; the next run works`},
		{ID: "run-null", run: runNull, Own: true,
			Behaviour: `run with null is answered; the next run works`},
	}
}

func runBeforeInit(ctx context.Context, s *session) error {
	a, err := s.reject(ctx, "/run", newActivation(`{}`).body())
	if err != nil {
		return err
	}
	if err := a.isError(http.StatusInternalServerError, errNotInit); err != nil {
		return err
	}
	if err := s.init(ctx, source(s.code.echo)); err != nil {
		return err
	}
	return s.stillEchoes(ctx, `{"now":"ready"}`)
}

func initMalformed(ctx context.Context, s *session) error {
	for _, body := range []string{"", `{"value":{"code":`, `{value: {code: ""}}`} {
		a, err := s.reject(ctx, "/init", []byte(body))
		if err == nil {
			err = a.refuses(http.StatusBadRequest)
		}
		if err != nil {
			return fmt.Errorf("body %q: %w", body, err)
		}
	}
	return nil
}

func initBadBase64(ctx context.Context, s *session) error {
	a, err := s.reject(ctx, "/init", initBody(action{code: "no base64: ***", binary: true}))
	if err != nil {
		return err
	}
	return a.refuses(0)
}

func initBrokenCode(ctx context.Context, s *session) error {
	a, err := s.failInit(ctx, source(s.code.broken))
	if err != nil {
		return err
	}
	return a.refuses(http.StatusBadGateway)
}

func (s *session) dies(ctx context.Context) error {
	a, err := s.run(ctx, `{"die":true}`)
	if err != nil {
		return err
	}
	return a.refuses(http.StatusBadRequest, errRunExited)
}

func runExits(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.mortal)); err != nil {
		return err
	}
	if err := s.stillEchoes(ctx, `{"alive":true}`); err != nil {
		return err
	}
	return s.dies(ctx)
}

func runExitsNext(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.mortal)); err != nil {
		return err
	}
	if err := s.dies(ctx); err != nil {
		return err
	}
	a, err := s.run(ctx, `{"born":"again"}`)
	if err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	if err := a.gives(`{"born":"again"}`); err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	if bytes.Contains(a.out, []byte("last words")) {
		return errors.New("the log of the run that died came with the next run")
	}
	return nil
}

func runMalformed(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.echo)); err != nil {
		return err
	}
	a, err := s.reject(ctx, "/run", []byte(`{"value":{"a":`))
	if err != nil {
		return err
	}
	if err := a.refuses(http.StatusBadRequest); err != nil {
		return err
	}
	return s.stillEchoes(ctx, `{"well":"formed"}`)
}

func runNull(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.echo)); err != nil {
		return err
	}
	a, err := s.reject(ctx, "/run", []byte(`null`))
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		if err := a.refuses(0); err != nil {
			return err
		}
	}
	return s.stillEchoes(ctx, `{"not":"null"}`)
}
