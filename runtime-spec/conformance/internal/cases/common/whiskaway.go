package common

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

const unknownKind = "cobol:85"

// Whiskaway returns the cases about what only our own runtimes promise.
func Whiskaway() []session.Spec {
	concurrent := func(value string) map[string]string {
		return map[string]string{session.AllowConcurrent: value}
	}
	return []session.Spec{
		{ID: "concurrent-refused", Run: concurrentRefused, Own: true,
			Behaviour: `two runs of different activations at once → one has its result, the other 403 "System not ready, status is running."; one sentinel each`},
		{ID: "concurrent-false", Run: concurrentRefused, Own: true, Env: concurrent("false"),
			Behaviour: `the same with __OW_ALLOW_CONCURRENT=false`},
		{ID: "concurrent-allowed", Run: concurrentAllowed, Own: true, Env: concurrent("true"),
			Behaviour: `__OW_ALLOW_CONCURRENT=true: eight runs at once, each has its own result; eight sentinels each`},
		{ID: "same-activation-joins", Run: sameActivationJoins, Own: true,
			Behaviour: `the same activation twice at once → both get the same answer, it is executed once, one sentinel each`},
		{ID: "same-init-joins", Run: sameInitJoins, Own: true,
			Behaviour: `the same init twice at once → 200 and 200, or 403 for the later one; no sentinel; the action runs`},
		{ID: "unknown-kind", Run: kindUnknown, Own: true, Needs: session.NeedKind,
			Env:       map[string]string{"WHISKAWAY_KIND": unknownKind},
			Behaviour: `init of an unknown kind → not 200, the error names the kind`},
	}
}

func runTogether(ctx context.Context, s *session.Session, sentinels int, bodies ...[]byte) ([]session.Answer, error) {
	if err := s.Init(ctx, session.Source(s.Code.Slow)); err != nil {
		return nil, err
	}
	answers, err := s.PostTogether(ctx, "/run", bodies...)
	if err != nil {
		return nil, err
	}
	logs, err := s.WithLogs(ctx, answers[0], sentinels)
	if err != nil {
		return nil, err
	}
	if s.Visible() {
		if n := bytes.Count(logs.Out, []byte("once\n")); n != sentinels {
			return nil, fmt.Errorf("expected %d execution(s), the log shows %d: %s", sentinels, n, session.Short(logs.Out))
		}
	}
	return answers, nil
}

// slowResult is what the slow action returns.
type slowResult struct {
	Nonce string
	Value struct{ N int }
}

func readSlow(a session.Answer) (slowResult, error) {
	var r slowResult
	if err := json.Unmarshal(a.Body, &r); a.Status != http.StatusOK || err != nil || r.Nonce == "" {
		return r, fmt.Errorf("expected 200 and the action's result, got %v", a)
	}
	return r, nil
}

func concurrentRefused(ctx context.Context, s *session.Session) error {
	answers, err := runTogether(ctx, s, 1, session.NewActivation(`{"n":0}`).Body(), session.NewActivation(`{"n":1}`).Body())
	if err != nil {
		return err
	}
	winner := 0
	if answers[0].Status != http.StatusOK {
		winner = 1
	}
	r, err := readSlow(answers[winner])
	if err != nil {
		return err
	}
	if r.Value.N != winner {
		return fmt.Errorf("run %d got the result of run %d", winner, r.Value.N)
	}
	return answers[1-winner].IsError(http.StatusForbidden, session.ErrNotReady)
}

func concurrentAllowed(ctx context.Context, s *session.Session) error {
	const runs = 8
	bodies := make([][]byte, runs)
	for i := range bodies {
		bodies[i] = session.NewActivation(fmt.Sprintf(`{"n":%d}`, i)).Body()
	}
	answers, err := runTogether(ctx, s, runs, bodies...)
	if err != nil {
		return err
	}
	for i, a := range answers {
		r, err := readSlow(a)
		if err != nil {
			return fmt.Errorf("run %d: %w", i, err)
		}
		if r.Value.N != i {
			return fmt.Errorf("run %d got the result of run %d", i, r.Value.N)
		}
	}
	return nil
}

func sameActivationJoins(ctx context.Context, s *session.Session) error {
	body := session.NewActivation(`{"n":7}`).Body()
	answers, err := runTogether(ctx, s, 1, body, body)
	if err != nil {
		return err
	}
	if answers[1].Status != answers[0].Status || !bytes.Equal(answers[1].Body, answers[0].Body) {
		return fmt.Errorf("expected the same answer twice, got %v and %v", answers[0], answers[1])
	}
	_, err = readSlow(answers[0])
	return err
}

func sameInitJoins(ctx context.Context, s *session.Session) error {
	body := session.InitBody(session.Source(s.Code.Echo))
	answers, err := s.PostTogether(ctx, "/init", body, body)
	if err != nil {
		return err
	}
	succeeded := 0
	for _, a := range answers {
		if a.Status == http.StatusOK {
			succeeded++
		} else if err := a.IsError(http.StatusForbidden, session.ErrInitTwice); err != nil {
			return err
		}
	}
	if succeeded == 0 {
		return fmt.Errorf("expected at least one 200, got %v and %v", answers[0], answers[1])
	}
	if err := s.NoMoreSentinels(); err != nil {
		return err
	}
	return s.StillEchoes(ctx, `{"joined":true}`)
}

func kindUnknown(ctx context.Context, s *session.Session) error {
	return s.RefusesInit(ctx, session.Source(s.Code.Echo), 0, unknownKind)
}
