package node

import (
	"bytes"
	"context"
	"fmt"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// crowdSize is how many runs must be in the action at once: the suites demand
// more than 100.
const crowdSize = 128

func concurrentCases() []session.Spec {
	return []session.Spec{
		{ID: "node-concurrent", Run: concurrent, Env: map[string]string{session.AllowConcurrent: "true"},
			Behaviour: `__OW_ALLOW_CONCURRENT=true: of 128 runs at once none returns before all are in the action; each has its own result and its log`},
		{ID: "node-concurrent-context", Run: concurrentContext, Env: map[string]string{session.AllowConcurrent: "true"}, Own: true,
			Behaviour: `runs that overlap see their own __OW_ACTIVATION_ID in process.env, also after a wait`},
		{ID: "node-concurrent-exit", Run: concurrentExit, Env: map[string]string{session.AllowConcurrent: "true"}, Own: true,
			Behaviour: `process.exit in one of two runs ends both with 400 "command exited"; the next run works`},
	}
}

// gathering is an action whose runs return once the given number of them has
// arrived.
const gathering = `
const here = []

async function main(args) {
    console.log("came " + args.n)
    await new Promise((leave) => {
        here.push(leave)
        if (here.length === args.crowd) setTimeout(() => here.splice(0).forEach((leave) => leave()), 10)
    })
    console.log("left " + args.n)
    if (args.exit) process.exit(1)
    return { n: args.n, id: process.env.__OW_ACTIVATION_ID }
}`

func crowd(ctx context.Context, s *session.Session, n int, more string) ([]session.Activation, []session.Answer, error) {
	if err := s.Init(ctx, session.Source(gathering)); err != nil {
		return nil, nil, err
	}
	sent, bodies := make([]session.Activation, n), make([][]byte, n)
	for i := range sent {
		sent[i] = session.NewActivation(fmt.Sprintf(`{"n":%d,"crowd":%d%s}`, i, n, more))
		bodies[i] = sent[i].Body()
	}
	answers, err := s.PostTogether(ctx, "/run", bodies...)
	if err != nil {
		return nil, nil, err
	}
	answers[0], err = s.WithLogs(ctx, answers[0], n)
	return sent, answers, err
}

func concurrent(ctx context.Context, s *session.Session) error {
	sent, answers, err := crowd(ctx, s, crowdSize, "")
	if err != nil {
		return err
	}
	for i, a := range answers {
		if err := a.Gives(fmt.Sprintf(`{"n":%d,"id":%q}`, i, sent[i].ActivationID)); err != nil {
			return fmt.Errorf("run %d: %w", i, err)
		}
	}
	if !s.Visible() {
		return nil
	}
	for i := range answers {
		for _, line := range []string{fmt.Sprintf("came %d\n", i), fmt.Sprintf("left %d\n", i)} {
			if n := bytes.Count(append([]byte("\n"), answers[0].Out...), []byte("\n"+line)); n != 1 {
				return fmt.Errorf("expected %q once in the log, got it %d times in %s", line, n, session.Short(answers[0].Out))
			}
		}
	}
	return nil
}

func concurrentContext(ctx context.Context, s *session.Session) error {
	sent, answers, err := crowd(ctx, s, 2, "")
	if err != nil {
		return err
	}
	for i, a := range answers {
		if err := a.Gives(fmt.Sprintf(`{"n":%d,"id":%q}`, i, sent[i].ActivationID)); err != nil {
			return fmt.Errorf("run %d: %w", i, err)
		}
	}
	return nil
}

func concurrentExit(ctx context.Context, s *session.Session) error {
	_, answers, err := crowd(ctx, s, 2, `,"exit":true`)
	if err != nil {
		return err
	}
	for i, a := range answers {
		if err := a.Refuses(400, session.ErrRunExited); err != nil {
			return fmt.Errorf("run %d: %w", i, err)
		}
	}
	a, err := s.Run(ctx, `{"n":7,"crowd":1}`)
	if err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	if a.Status != 200 {
		return fmt.Errorf("the next run: expected 200, got %v", a)
	}
	return nil
}
