package common

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

const (
	apiHost  = "https://api.example:443"
	operator = "the platform's operator"
)

// Context returns the cases about an activation's context and environment.
func Context() []session.Spec {
	return []session.Spec{
		{ID: "context", Run: seesContext,
			Env:       map[string]string{"__OW_API_HOST": apiHost, "__OW_OPERATOR": operator},
			Behaviour: `the action sees every context field of /run as __OW_*, and the container's own __OW_API_HOST and __OW_OPERATOR`},
		{ID: "context-changes", Run: contextChanges,
			Behaviour: `the second activation sees its own context, not the first one's`},
		{ID: "init-env", Run: initEnv,
			Behaviour: `the init env is visible during the init; an empty text is kept`},
		{ID: "init-env-null", Run: initEnvNull,
			Behaviour: `init with "env":null works`},
		{ID: "init-no-name", Run: initNoName,
			Behaviour: `init without "name" works, as the suites send it`},
		{ID: "init-platform-env", Run: initPlatformEnv,
			Behaviour: `init with all of the __OW_* that the invoker puts into the env works`},
		{ID: "run-empty-body", Run: runEmptyBody,
			Behaviour: `run with {} → the action gets an empty argument`},
		{ID: "deadline-in-the-past", Run: pastDeadline,
			Behaviour: `a deadline of "123", long past by the container's clock, is still run`},
	}
}

// contextOf reads what the context action returned: the fields by their name in
// /run, plus api_host and operator. A native action gets the fields in its line
// of input, other actions in their environment.
func contextOf(a session.Answer) (map[string]any, error) {
	var seen map[string]any
	if err := json.Unmarshal(a.Body, &seen); a.Status != 200 || err != nil {
		return nil, fmt.Errorf("expected 200 and an object, got %v", a)
	}
	if line, ok := seen["line"].(map[string]any); ok {
		maps.Copy(seen, line)
	}
	return seen, nil
}

func seesContextOf(ctx context.Context, s *session.Session, sent session.Activation, more map[string]string) error {
	a, err := s.Activate(ctx, sent.Body())
	if err != nil {
		return err
	}
	seen, err := contextOf(a)
	if err != nil {
		return err
	}
	want := map[string]string{
		"namespace": sent.Namespace, "action_name": sent.ActionName, "action_version": sent.ActionVersion,
		"activation_id": sent.ActivationID, "transaction_id": sent.TransactionID,
		"deadline": sent.Deadline, "api_key": sent.APIKey,
	}
	maps.Copy(want, more)
	for name, value := range want {
		if seen[name] != value {
			return fmt.Errorf("__OW_%s: expected %q, the action saw %#v", strings.ToUpper(name), value, seen[name])
		}
	}
	return s.LogIs(a, "", "")
}

func seesContext(ctx context.Context, s *session.Session) error {
	if err := s.Init(ctx, session.Source(s.Code.Context)); err != nil {
		return err
	}
	// These ids are not of the usual form, as in the suites.
	sent := session.Activation{
		Value: json.RawMessage(`{}`), Namespace: "zzz", ActionName: "xxx", ActionVersion: "0.0.1",
		ActivationID: "iii", TransactionID: "ttt", Deadline: "123", APIKey: "abc",
	}
	return seesContextOf(ctx, s, sent, map[string]string{"api_host": apiHost, "operator": operator})
}

func contextChanges(ctx context.Context, s *session.Session) error {
	if err := s.Init(ctx, session.Source(s.Code.Context)); err != nil {
		return err
	}
	for _, namespace := range []string{"first", "second"} {
		sent := session.NewActivation(`{}`)
		sent.Namespace = namespace
		if err := seesContextOf(ctx, s, sent, nil); err != nil {
			return fmt.Errorf("%s activation: %w", namespace, err)
		}
	}
	return nil
}

func initEnv(ctx context.Context, s *session.Session) error {
	env := map[string]string{"SOME_VAR": "xyz", "EMPTY_VAR": ""}
	return s.InitAnswers(ctx, session.Action{Code: s.Code.Environ, Env: env}, `{}`, `{"SOME_VAR":"xyz","EMPTY_VAR":""}`, "", "")
}

func initEnvNull(ctx context.Context, s *session.Session) error {
	return s.InitGives(ctx, session.Source(s.Code.Environ), `{}`, `{"SOME_VAR":"unset","EMPTY_VAR":"unset"}`)
}

func initNoName(ctx context.Context, s *session.Session) error {
	a, err := s.Post(ctx, "/init", session.Encode(map[string]any{
		"value": map[string]any{"main": "main", "binary": false, "code": s.Code.Echo},
	}))
	if err != nil {
		return err
	}
	if a.Status != 200 {
		return fmt.Errorf("POST /init: expected 200, got %v%s", a, s.Unread())
	}
	return s.Echoes(ctx, `{"name":"none"}`)
}

func initPlatformEnv(ctx context.Context, s *session.Session) error {
	env := map[string]string{
		"SOME_VAR": "xyz", "EMPTY_VAR": "",
		"__OW_NAMESPACE": "guest", "__OW_ACTION_NAME": "/guest/samples/conformance", "__OW_ACTION_VERSION": "0.0.1",
		"__OW_ACTIVATION_ID": session.RandomID(), "__OW_TRANSACTION_ID": session.RandomID(), "__OW_DEADLINE": "123", "__OW_API_KEY": "abc",
	}
	if err := s.Init(ctx, session.Action{Code: s.Code.Context, Env: env}); err != nil {
		return err
	}
	return seesContextOf(ctx, s, session.NewActivation(`{}`), nil)
}

func runEmptyBody(ctx context.Context, s *session.Session) error {
	a, err := s.InitActivate(ctx, session.Source(s.Code.Echo), []byte(`{}`))
	if err != nil {
		return err
	}
	return a.Gives(`{}`)
}

func pastDeadline(ctx context.Context, s *session.Session) error {
	sent := session.NewActivation(`{"in":"time"}`)
	sent.Deadline = "123"
	a, err := s.InitActivate(ctx, session.Source(s.Code.Echo), sent.Body())
	if err != nil {
		return err
	}
	return a.Gives(`{"in":"time"}`)
}
