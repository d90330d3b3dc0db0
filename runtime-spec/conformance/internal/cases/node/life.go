package node

import (
	"context"
	"fmt"
	"net/http"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

func lifeCases() []session.Spec {
	return []session.Spec{
		{ID: "node-exit-in-main", Run: exitInMain, Own: true,
			Behaviour: `process.exit in main → run 400 "command exited", the log has what was printed before`},
		{ID: "node-exit-at-init", Run: failsInit("console.log('leaving')\nprocess.exit(1)\nfunction main(args) { return args }", "leaving"), Own: true,
			Behaviour: `process.exit during the init → init not 200`},
		{ID: "node-print-at-init", Run: printAtInit, Own: true,
			Behaviour: `what the init prints is in the first activation's log, and only there`},
		{ID: "node-log-ended", Run: logEnded, Own: true,
			Behaviour: `process.stdout is ended by stream.pipeline or end(callback): code that waits for the end continues, and the next run can still print`},
		{ID: "node-uncaught", Run: uncaught, Own: true,
			Behaviour: `an uncaught error in a callback or a promise → the run in flight fails with 502 and its text; the next run works`},
		{ID: "node-result-no-json", Run: noJSON, Own: true,
			Behaviour: `a result that JSON cannot hold (a circle, a BigInt) → 200 with "error"; the next run works`},
	}
}

func exitInMain(ctx context.Context, s *session.Session) error {
	a, err := s.InitRun(ctx, session.Source("function main(args) {\n    console.log('out')\n    console.error('err')\n    process.exit(1)\n}"), `{}`)
	if err != nil {
		return err
	}
	if err := a.Refuses(http.StatusBadRequest, session.ErrRunExited); err != nil {
		return err
	}
	return s.LogIs(a, "out\n", "err\n")
}

func printAtInit(ctx context.Context, s *session.Session) error {
	if err := s.Init(ctx, session.Source("console.log('started')\nfunction main(args) { return args }")); err != nil {
		return err
	}
	for _, log := range []string{"started\n", ""} {
		if err := s.Answers(ctx, `{"a":1}`, `{"a":1}`, log, ""); err != nil {
			return err
		}
	}
	return nil
}

func logEnded(ctx context.Context, s *session.Session) error {
	err := s.Init(ctx, session.Source(`
const { Readable } = require("stream")
const { pipeline } = require("stream/promises")
async function main(args) {
    if (args.end) await new Promise((done) => process.stdout.end("ended\n", done))
    else await pipeline(Readable.from(["piped\n"]), process.stdout)
    return args
}`))
	if err != nil {
		return err
	}
	for _, c := range [][2]string{{`{}`, "piped\n"}, {`{"end":true}`, "ended\n"}, {`{}`, "piped\n"}} {
		argument, log := c[0], c[1]
		if err := s.Answers(ctx, argument, argument, log, ""); err != nil {
			return err
		}
	}
	return nil
}

func uncaught(ctx context.Context, s *session.Session) error {
	err := s.Init(ctx, session.Source(`
function main(args) {
    if (args.fine) return args
    const forgotten = () => { throw new Error("not caught: " + args.how) }
    if (args.how === "a callback") setTimeout(forgotten, 1)
    else Promise.resolve().then(forgotten)
    return new Promise(() => {})
}`))
	if err != nil {
		return err
	}
	for _, how := range []string{"a callback", "a promise"} {
		if err := s.FailsRun(ctx, `{"how":"`+how+`"}`, http.StatusBadGateway, "not caught: "+how); err != nil {
			return err
		}
		if err := s.StillEchoes(ctx, `{"fine":true}`); err != nil {
			return err
		}
	}
	return nil
}

func noJSON(ctx context.Context, s *session.Session) error {
	err := s.Init(ctx, session.Source(`
function main(args) {
    if (args.big) return { big: 1n }
    if (args.circle) args.self = args
    return args
}`))
	if err != nil {
		return err
	}
	for _, argument := range []string{`{"big":1}`, `{"circle":1}`} {
		a, err := s.Run(ctx, argument)
		if err != nil {
			return err
		}
		if _, err := a.ErrorText(); err != nil || a.Status != http.StatusOK {
			return fmt.Errorf(`expected 200 and an object with a text "error", got %v`, a)
		}
		if err := s.StillEchoes(ctx, `{"fine":1}`); err != nil {
			return err
		}
	}
	return nil
}
