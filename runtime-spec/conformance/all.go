package conformance

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

const (
	errNoCode       = "Missing main/no code to execute."
	errNoBinary     = "The action failed to generate or locate a binary. See logs for details."
	errNotAnObject  = "The action did not return a dictionary or array."
	errInitTwice    = "Cannot initialize the action more than once."
	errNotInit      = "no action defined yet"
	errNotReady     = "System not ready, status is running."
	errRunExited    = "command exited"
	errCannotStart  = "cannot start action"
	errAbruptly     = "Command exited abruptly during initialization."
	errNoMainModule = "Zip file does not include"
)

func allCases() []Case {
	return []Case{
		{ID: "init-empty-code", run: initEmptyCode,
			Behaviour: `init with "" as code → not 200, an error`},
		{ID: "init-no-value", run: initNoValue,
			Behaviour: `init with {} → not 200, "Missing main/no code to execute." or "The action failed to generate or locate a binary. See logs for details."`},
		{ID: "init-twice", run: initTwice,
			Behaviour: `a second init → 403 "Cannot initialize the action more than once.", also in the log, no sentinel; the action stays`},
		{ID: "other-main", run: otherMain,
			Behaviour: `an action whose main is "niam" echoes; nothing on the streams but sentinels`},
		{ID: "four-echoes", run: fourEchoes,
			Behaviour: `four activations with text, ❄ ☃ ❄, numbers, an object: each has its result, its log, one sentinel on each stream`},
		{ID: "array-in-and-out", run: arrays,
			Behaviour: `an array as argument and as result`},
		{ID: "unicode", run: unicode,
			Behaviour: `❄ ☃ ❄ in the code, the argument, the log and the result`},
		{ID: "numbers-unaltered", run: numbers,
			Behaviour: `large integers (9007199254740993) and 1.0 come back as they were, where the language has such numbers`},
		{ID: "large-argument", run: largeArgument,
			Behaviour: `an argument of 1,048,561 characters comes back whole`},
		{ID: "result-not-an-object", run: resultNotAnObject(`"not a json object"`, `7`, `true`),
			Behaviour: `a text, a number or true as result → not 200, "The action did not return a dictionary or array.", one sentinel each`},
		{ID: "result-null", run: resultNotAnObject(`null`), Own: true,
			Behaviour: `the same for null, which is what a function without a return statement gives`},
		{ID: "error-result", run: errorResult,
			Behaviour: `the result {"error":"sorry"} → 200, unaltered: an application error is no failure of the container`},
	}
}

func initEmptyCode(ctx context.Context, s *session) error {
	a, err := s.reject(ctx, "/init", []byte(`{"value":{"name":"conformance","main":"","binary":false,"code":""}}`))
	if err != nil {
		return err
	}
	return a.refuses(0)
}

func initNoValue(ctx context.Context, s *session) error {
	a, err := s.reject(ctx, "/init", []byte(`{}`))
	if err != nil {
		return err
	}
	return a.isError(0, errNoCode, errNoBinary)
}

func initTwice(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.echo)); err != nil {
		return err
	}
	again, err := s.post(ctx, "/init", initBody(source(s.code.niam)))
	if err != nil {
		return err
	}
	if err := again.isError(http.StatusForbidden, errInitTwice); err != nil {
		return err
	}
	if err := s.logged(ctx, errInitTwice); err != nil {
		return err
	}
	if err := s.noMoreSentinels(); err != nil {
		return err
	}
	return s.stillEchoes(ctx, `{"still":"there"}`)
}

func otherMain(ctx context.Context, s *session) error {
	if err := s.init(ctx, action{code: s.code.niam, main: "niam"}); err != nil {
		return err
	}
	return s.echoes(ctx, `{"string":"hello"}`)
}

func fourEchoes(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.logs)); err != nil {
		return err
	}
	for _, argument := range []string{
		`{"string":"hello"}`, `{"string":"❄ ☃ ❄"}`, `{"numbers":[42,1]}`, `{"object":{"a":"A"}}`,
	} {
		a, err := s.run(ctx, argument)
		if err != nil {
			return err
		}
		if err := a.gives(argument); err != nil {
			return err
		}
		if err := s.logIs(a, "hello stdout\n", "hello stderr\n"); err != nil {
			return err
		}
	}
	return nil
}

func arrays(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.echo)); err != nil {
		return err
	}
	return s.echoes(ctx, `["a","b",{"c":[1,2]}]`)
}

func unicode(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.winter)); err != nil {
		return err
	}
	a, err := s.run(ctx, `{"delimiter":"❄"}`)
	if err != nil {
		return err
	}
	if err := a.gives(`{"winter":"❄ ☃ ❄"}`); err != nil {
		return err
	}
	return s.logIs(a, "❄ ☃ ❄\n", "")
}

func numbers(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.echo)); err != nil {
		return err
	}
	if s.code.numbers != "" {
		return s.echoes(ctx, s.code.numbers)
	}
	return s.echoes(ctx, `{"odd":9007199254740993,"huge":123456789012345678901234567890,"one":1.0,"list":[0.1,-7]}`)
}

func largeArgument(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.echo)); err != nil {
		return err
	}
	return s.echoes(ctx, `{"arg":"`+strings.Repeat("a", 1048561)+`"}`)
}

func resultNotAnObject(results ...string) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		if err := s.init(ctx, source(s.code.give)); err != nil {
			return err
		}
		for _, result := range results {
			a, err := s.run(ctx, `{"result":`+result+`}`)
			if err == nil {
				err = a.isError(0, errNotAnObject)
			}
			if err != nil {
				return fmt.Errorf("result %s: %w", result, err)
			}
		}
		return nil
	}
}

func errorResult(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(s.code.give)); err != nil {
		return err
	}
	a, err := s.run(ctx, `{"result":{"error":"sorry"}}`)
	if err != nil {
		return err
	}
	return a.gives(`{"error":"sorry"}`)
}
