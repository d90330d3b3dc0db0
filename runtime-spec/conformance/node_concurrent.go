package conformance

import (
	"bytes"
	"context"
	"fmt"
)

// nodeCrowd is how many runs have to be in the action at once: the suites want
// more than 100.
const nodeCrowd = 128

func nodeConcurrentCases() []Case {
	return []Case{
		{ID: "node-concurrent", run: nodeConcurrent, Env: map[string]string{allowConcurrent: "true"},
			Behaviour: `__OW_ALLOW_CONCURRENT=true: of 128 runs at once none returns before all are in the action; each has its own result and its log`},
		{ID: "node-concurrent-context", run: nodeConcurrentContext, Env: map[string]string{allowConcurrent: "true"}, Own: true,
			Behaviour: `runs that overlap see their own __OW_ACTIVATION_ID in process.env, also after a wait`},
		{ID: "node-concurrent-exit", run: nodeConcurrentExit, Env: map[string]string{allowConcurrent: "true"}, Own: true,
			Behaviour: `process.exit in one of two runs ends both with 400 "command exited"; the next run works`},
	}
}

// nodeGathering is an action that returns when as many are in it as it is told.
const nodeGathering = `
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

func (s *session) crowd(ctx context.Context, n int, more string) ([]activation, []answer, error) {
	if err := s.init(ctx, source(nodeGathering)); err != nil {
		return nil, nil, err
	}
	sent, bodies := make([]activation, n), make([][]byte, n)
	for i := range sent {
		sent[i] = newActivation(fmt.Sprintf(`{"n":%d,"crowd":%d%s}`, i, n, more))
		bodies[i] = sent[i].body()
	}
	answers, err := s.postTogether(ctx, "/run", bodies...)
	if err != nil {
		return nil, nil, err
	}
	answers[0], err = s.withLogs(ctx, answers[0], n)
	return sent, answers, err
}

func nodeConcurrent(ctx context.Context, s *session) error {
	sent, answers, err := s.crowd(ctx, nodeCrowd, "")
	if err != nil {
		return err
	}
	for i, a := range answers {
		if err := a.gives(fmt.Sprintf(`{"n":%d,"id":%q}`, i, sent[i].ActivationID)); err != nil {
			return fmt.Errorf("run %d: %w", i, err)
		}
	}
	if !s.visible() {
		return nil
	}
	for i := range answers {
		for _, line := range []string{fmt.Sprintf("came %d\n", i), fmt.Sprintf("left %d\n", i)} {
			if n := bytes.Count(append([]byte("\n"), answers[0].out...), []byte("\n"+line)); n != 1 {
				return fmt.Errorf("expected %q once in the log, got it %d times in %s", line, n, short(answers[0].out))
			}
		}
	}
	return nil
}

func nodeConcurrentContext(ctx context.Context, s *session) error {
	sent, answers, err := s.crowd(ctx, 2, "")
	if err != nil {
		return err
	}
	for i, a := range answers {
		if err := a.gives(fmt.Sprintf(`{"n":%d,"id":%q}`, i, sent[i].ActivationID)); err != nil {
			return fmt.Errorf("run %d: %w", i, err)
		}
	}
	return nil
}

func nodeConcurrentExit(ctx context.Context, s *session) error {
	_, answers, err := s.crowd(ctx, 2, `,"exit":true`)
	if err != nil {
		return err
	}
	for i, a := range answers {
		if err := a.refuses(400, errRunExited); err != nil {
			return fmt.Errorf("run %d: %w", i, err)
		}
	}
	a, err := s.run(ctx, `{"n":7,"crowd":1}`)
	if err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	if a.status != 200 {
		return fmt.Errorf("the next run: expected 200, got %v", a)
	}
	return nil
}
