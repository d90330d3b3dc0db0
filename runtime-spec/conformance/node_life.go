package conformance

import (
	"context"
	"fmt"
	"net/http"
)

func nodeLifeCases() []Case {
	return []Case{
		{ID: "node-exit-in-main", run: nodeExitInMain, Own: true,
			Behaviour: `process.exit in main → run 400 "command exited", what was printed before comes with it`},
		{ID: "node-exit-at-load", run: nodeFailsInit("console.log('leaving')\nprocess.exit(1)\nfunction main(args) { return args }", "leaving"), Own: true,
			Behaviour: `process.exit while the code is loaded → init not 200`},
		{ID: "node-print-at-load", run: nodePrintAtLoad, Own: true,
			Behaviour: `what is printed while the code is loaded shows up in the first activation's log, and only there`},
		{ID: "node-log-ended", run: nodeLogEnded, Own: true,
			Behaviour: `process.stdout is ended by stream.pipeline or end(callback): who waits for that goes on, and the next run prints all the same`},
		{ID: "node-uncaught", run: nodeUncaught, Own: true,
			Behaviour: `an error that nobody caught, in a callback or a promise → the run in flight fails with 502 and its text; the next run works`},
		{ID: "node-result-no-json", run: nodeNoJSON, Own: true,
			Behaviour: `a result that JSON cannot hold (a circle, a BigInt) → 200 with "error"; the next run works`},
	}
}

func nodeExitInMain(ctx context.Context, s *session) error {
	if err := s.init(ctx, source("function main(args) {\n    console.log('out')\n    console.error('err')\n    process.exit(1)\n}")); err != nil {
		return err
	}
	a, err := s.run(ctx, `{}`)
	if err != nil {
		return err
	}
	if err := a.refuses(http.StatusBadRequest, errRunExited); err != nil {
		return err
	}
	return s.logIs(a, "out\n", "err\n")
}

func nodePrintAtLoad(ctx context.Context, s *session) error {
	if err := s.init(ctx, source("console.log('loaded')\nfunction main(args) { return args }")); err != nil {
		return err
	}
	for _, log := range []string{"loaded\n", ""} {
		a, err := s.run(ctx, `{"a":1}`)
		if err != nil {
			return err
		}
		if err := a.gives(`{"a":1}`); err != nil {
			return err
		}
		if err := s.logIs(a, log, ""); err != nil {
			return err
		}
	}
	return nil
}

func nodeLogEnded(ctx context.Context, s *session) error {
	err := s.init(ctx, source(`
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
		a, err := s.run(ctx, argument)
		if err != nil {
			return err
		}
		if err := a.gives(argument); err != nil {
			return err
		}
		if err := s.logIs(a, log, ""); err != nil {
			return err
		}
	}
	return nil
}

func nodeUncaught(ctx context.Context, s *session) error {
	err := s.init(ctx, source(`
function main(args) {
    if (args.fine) return args
    const forgotten = () => { throw new Error("nobody caught " + args.how) }
    if (args.how === "a callback") setTimeout(forgotten, 1)
    else Promise.resolve().then(forgotten)
    return new Promise(() => {})
}`))
	if err != nil {
		return err
	}
	for _, how := range []string{"a callback", "a promise"} {
		if err := s.nodeFailsRun(ctx, http.StatusBadGateway, `{"how":"`+how+`"}`, "nobody caught "+how); err != nil {
			return err
		}
		a, err := s.run(ctx, `{"fine":true}`)
		if err != nil {
			return fmt.Errorf("the next run: %w", err)
		}
		if err := a.gives(`{"fine":true}`); err != nil {
			return fmt.Errorf("the next run: %w", err)
		}
	}
	return nil
}

func nodeNoJSON(ctx context.Context, s *session) error {
	err := s.init(ctx, source(`
function main(args) {
    if (args.big) return { big: 1n }
    if (args.circle) args.self = args
    return args
}`))
	if err != nil {
		return err
	}
	for _, argument := range []string{`{"big":1}`, `{"circle":1}`} {
		a, err := s.run(ctx, argument)
		if err != nil {
			return err
		}
		if _, err := a.errorText(); err != nil || a.status != http.StatusOK {
			return fmt.Errorf(`expected 200 and an object with a text "error", got %v`, a)
		}
		if a, err = s.run(ctx, `{"fine":1}`); err != nil {
			return err
		}
		if err := a.gives(`{"fine":1}`); err != nil {
			return fmt.Errorf("the next run: %w", err)
		}
	}
	return nil
}
