// Package common has the cases for every kind. Each chapter of the README has a
// file.
package common

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// All returns the cases of what every runtime does.
func All() []session.Spec {
	return []session.Spec{
		{ID: "init-empty-code", Run: initEmptyCode,
			Behaviour: `init with "" as code → not 200, an error`},
		{ID: "init-no-value", Run: initNoValue,
			Behaviour: `init with {} → not 200, "Missing main/no code to execute." or "The action failed to generate or locate a binary. See logs for details."`},
		{ID: "init-twice", Run: initTwice,
			Behaviour: `a second init → 403 "Cannot initialize the action more than once.", also in the log, no sentinel; the action stays`},
		{ID: "other-main", Run: otherMain,
			Behaviour: `an action whose main is "niam" echoes; nothing on the streams but sentinels`},
		{ID: "four-echoes", Run: fourEchoes,
			Behaviour: `four activations with text, ❄ ☃ ❄, numbers, an object: each has its result, its log, one sentinel on each stream`},
		{ID: "array-in-and-out", Run: arrays,
			Behaviour: `an array as argument and as result`},
		{ID: "unicode", Run: unicode,
			Behaviour: `❄ ☃ ❄ in the code, the argument, the log and the result`},
		{ID: "numbers-unaltered", Run: numbers,
			Behaviour: `large integers (9007199254740993) and 1.0 come back as they were, where the language has such numbers`},
		{ID: "large-argument", Run: largeArgument,
			Behaviour: `an argument of 1,048,561 characters comes back whole`},
		{ID: "result-not-an-object", Run: resultNotAnObject(`"not a json object"`, `7`, `true`),
			Behaviour: `a text, a number or true as result → not 200, "The action did not return a dictionary or array.", one sentinel each`},
		{ID: "result-null", Run: resultNotAnObject(`null`), Own: true,
			Behaviour: `the same for null, which is what a function without a return statement gives`},
		{ID: "error-result", Run: errorResult,
			Behaviour: `the result {"error":"sorry"} → 200, unaltered: an application error is no failure of the container`},
	}
}

func initEmptyCode(ctx context.Context, s *session.Session) error {
	a, err := s.Reject(ctx, "/init", []byte(`{"value":{"name":"conformance","main":"","binary":false,"code":""}}`))
	if err != nil {
		return err
	}
	return a.Refuses(0)
}

func initNoValue(ctx context.Context, s *session.Session) error {
	a, err := s.Reject(ctx, "/init", []byte(`{}`))
	if err != nil {
		return err
	}
	return a.IsError(0, session.ErrNoCode, session.ErrNoBinary)
}

func initTwice(ctx context.Context, s *session.Session) error {
	if err := s.Init(ctx, session.Source(s.Code.Echo)); err != nil {
		return err
	}
	again, err := s.Post(ctx, "/init", session.InitBody(session.Source(s.Code.Niam)))
	if err != nil {
		return err
	}
	if err := again.IsError(http.StatusForbidden, session.ErrInitTwice); err != nil {
		return err
	}
	if err := s.Logged(ctx, session.ErrInitTwice); err != nil {
		return err
	}
	if err := s.NoMoreSentinels(); err != nil {
		return err
	}
	return s.StillEchoes(ctx, `{"still":"there"}`)
}

func otherMain(ctx context.Context, s *session.Session) error {
	return s.InitEchoes(ctx, session.Action{Code: s.Code.Niam, Main: "niam"}, `{"string":"hello"}`)
}

func fourEchoes(ctx context.Context, s *session.Session) error {
	if err := s.Init(ctx, session.Source(s.Code.Logs)); err != nil {
		return err
	}
	for _, argument := range []string{
		`{"string":"hello"}`, `{"string":"❄ ☃ ❄"}`, `{"numbers":[42,1]}`, `{"object":{"a":"A"}}`,
	} {
		if err := s.Answers(ctx, argument, argument, "hello stdout\n", "hello stderr\n"); err != nil {
			return err
		}
	}
	return nil
}

func arrays(ctx context.Context, s *session.Session) error {
	return s.InitEchoes(ctx, session.Source(s.Code.Echo), `["a","b",{"c":[1,2]}]`)
}

func unicode(ctx context.Context, s *session.Session) error {
	return s.InitAnswers(ctx, session.Source(s.Code.Winter), `{"delimiter":"❄"}`, `{"winter":"❄ ☃ ❄"}`, "❄ ☃ ❄\n", "")
}

func numbers(ctx context.Context, s *session.Session) error {
	numbers := cmp.Or(s.Code.Numbers, `{"odd":9007199254740993,"huge":123456789012345678901234567890,"one":1.0,"list":[0.1,-7]}`)
	return s.InitEchoes(ctx, session.Source(s.Code.Echo), numbers)
}

func largeArgument(ctx context.Context, s *session.Session) error {
	return s.InitEchoes(ctx, session.Source(s.Code.Echo), `{"arg":"`+strings.Repeat("a", 1048561)+`"}`)
}

func resultNotAnObject(results ...string) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		if err := s.Init(ctx, session.Source(s.Code.Give)); err != nil {
			return err
		}
		for _, result := range results {
			a, err := s.Run(ctx, `{"result":`+result+`}`)
			if err == nil {
				err = a.IsError(0, session.ErrNotAnObject)
			}
			if err != nil {
				return fmt.Errorf("result %s: %w", result, err)
			}
		}
		return nil
	}
}

func errorResult(ctx context.Context, s *session.Session) error {
	return s.InitGives(ctx, session.Source(s.Code.Give), `{"result":{"error":"sorry"}}`, `{"error":"sorry"}`)
}
