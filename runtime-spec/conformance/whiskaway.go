package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

const (
	unknownKind     = "cobol:85"
	allowConcurrent = "__OW_ALLOW_CONCURRENT"
)

func whiskawayCases() []Case {
	concurrent := func(value string) map[string]string {
		return map[string]string{allowConcurrent: value}
	}
	return []Case{
		{ID: "concurrent-refused", run: concurrentRefused, Own: true,
			Behaviour: `two runs of different activations at once → one has its result, the other 403 "System not ready, status is running."; one sentinel each`},
		{ID: "concurrent-false", run: concurrentRefused, Own: true, Env: concurrent("false"),
			Behaviour: `the same with __OW_ALLOW_CONCURRENT=false`},
		{ID: "concurrent-allowed", run: concurrentAllowed, Own: true, Env: concurrent("true"),
			Behaviour: `__OW_ALLOW_CONCURRENT=true: eight runs at once, each has its own result; eight sentinels each`},
		{ID: "same-activation-joins", run: sameActivationJoins, Own: true,
			Behaviour: `the same activation twice at once → both get the same answer, it is executed once, one sentinel each`},
		{ID: "same-init-joins", run: sameInitJoins, Own: true,
			Behaviour: `the same init twice at once → 200 and 200, or 403 for the later one; no sentinel; the action runs`},
		{ID: "unknown-kind", run: kindUnknown, Own: true, Needs: NeedsKind,
			Env:       map[string]string{"WHISKAWAY_KIND": unknownKind},
			Behaviour: `init of a kind that nobody knows → not 200, the error names the kind`},
	}
}

// postTogether sends the bodies at the same time and returns all answers.
func (s *session) postTogether(ctx context.Context, path string, bodies ...[]byte) ([]answer, error) {
	answers := make([]answer, len(bodies))
	failures := make([]error, len(bodies))
	var all sync.WaitGroup
	for i, body := range bodies {
		all.Go(func() { answers[i], failures[i] = s.post(ctx, path, body) })
	}
	all.Wait()
	return answers, errors.Join(failures...)
}

func (s *session) runTogether(ctx context.Context, sentinels int, bodies ...[]byte) ([]answer, error) {
	if err := s.init(ctx, source(s.code.slow)); err != nil {
		return nil, err
	}
	answers, err := s.postTogether(ctx, "/run", bodies...)
	if err != nil {
		return nil, err
	}
	logs, err := s.withLogs(ctx, answers[0], sentinels)
	if err != nil {
		return nil, err
	}
	if s.visible() {
		if n := bytes.Count(logs.out, []byte("once\n")); n != sentinels {
			return nil, fmt.Errorf("expected %d execution(s), the log shows %d: %s", sentinels, n, short(logs.out))
		}
	}
	return answers, nil
}

// slowResult is what the slow action returns.
type slowResult struct {
	Nonce string
	Value struct{ N int }
}

func (a answer) slowResult() (slowResult, error) {
	var r slowResult
	if err := json.Unmarshal(a.body, &r); a.status != http.StatusOK || err != nil || r.Nonce == "" {
		return r, fmt.Errorf("expected 200 and the action's result, got %v", a)
	}
	return r, nil
}

func concurrentRefused(ctx context.Context, s *session) error {
	answers, err := s.runTogether(ctx, 1, newActivation(`{"n":0}`).body(), newActivation(`{"n":1}`).body())
	if err != nil {
		return err
	}
	winner := 0
	if answers[0].status != http.StatusOK {
		winner = 1
	}
	r, err := answers[winner].slowResult()
	if err != nil {
		return err
	}
	if r.Value.N != winner {
		return fmt.Errorf("run %d got the result of run %d", winner, r.Value.N)
	}
	return answers[1-winner].isError(http.StatusForbidden, errNotReady)
}

func concurrentAllowed(ctx context.Context, s *session) error {
	const runs = 8
	bodies := make([][]byte, runs)
	for i := range bodies {
		bodies[i] = newActivation(fmt.Sprintf(`{"n":%d}`, i)).body()
	}
	answers, err := s.runTogether(ctx, runs, bodies...)
	if err != nil {
		return err
	}
	for i, a := range answers {
		r, err := a.slowResult()
		if err != nil {
			return fmt.Errorf("run %d: %w", i, err)
		}
		if r.Value.N != i {
			return fmt.Errorf("run %d got the result of run %d", i, r.Value.N)
		}
	}
	return nil
}

func sameActivationJoins(ctx context.Context, s *session) error {
	body := newActivation(`{"n":7}`).body()
	answers, err := s.runTogether(ctx, 1, body, body)
	if err != nil {
		return err
	}
	if answers[1].status != answers[0].status || !bytes.Equal(answers[1].body, answers[0].body) {
		return fmt.Errorf("expected the same answer twice, got %v and %v", answers[0], answers[1])
	}
	_, err = answers[0].slowResult()
	return err
}

func sameInitJoins(ctx context.Context, s *session) error {
	body := initBody(source(s.code.echo))
	answers, err := s.postTogether(ctx, "/init", body, body)
	if err != nil {
		return err
	}
	succeeded := 0
	for _, a := range answers {
		if a.status == http.StatusOK {
			succeeded++
		} else if err := a.isError(http.StatusForbidden, errInitTwice); err != nil {
			return err
		}
	}
	if succeeded == 0 {
		return fmt.Errorf("expected at least one 200, got %v and %v", answers[0], answers[1])
	}
	if err := s.noMoreSentinels(); err != nil {
		return err
	}
	return s.stillEchoes(ctx, `{"joined":true}`)
}

func kindUnknown(ctx context.Context, s *session) error {
	a, err := s.failInit(ctx, source(s.code.echo))
	if err != nil {
		return err
	}
	return a.refuses(0, unknownKind)
}
