package conformance

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

func nodeCases() []Case {
	return []Case{
		{ID: "node-syntax-error", run: nodeFailsInit("10 PRINT \"Hello!\"\n20 GOTO 10\n", "error", "syntax"),
			Behaviour: `a syntax error → init not 200, the log says so`},
		{ID: "node-missing-main", run: nodeFailsInit("function other(args) { return args }\n", "main"),
			Behaviour: `code without the function main → init not 200`},
		{ID: "node-throw", run: nodeThrows,
			Behaviour: `throw "nooooo" → run 502 with the text`},
		{ID: "node-throw-next", run: nodeThrowsAndGoesOn, Own: true,
			Behaviour: `after a throw the next run works`},
		{ID: "node-missing-module", run: nodeMissingModule,
			Behaviour: `require in main of a module that is not there → run not 200, the log says "error"`},
		{ID: "node-return", run: nodeGives(`
function main(params) {
    if (params.payload == 0) {
        return
    } else if (params.payload == 1) {
        return { payload: "Hello, World!" }
    }
    return { error: "payload must be 0 or 1" }
}`, `{"payload":0}`, `{}`, `{"payload":1}`, `{"payload":"Hello, World!"}`, `{"payload":2}`, `{"error":"payload must be 0 or 1"}`),
			Behaviour: `"return;" → {}; an object; an object with "error" → 200`},
		{ID: "node-promise", run: nodeGives(`
function main(params) {
    if (!params.later) return { done: true }
    return new Promise((resolve) => setTimeout(() => resolve({ done: "later" }), 100))
}`, `{}`, `{"done":true}`, `{"later":true}`, `{"done":"later"}`),
			Behaviour: `a promise's value is the result, in the same action as a plain one`},
		{ID: "node-async", run: nodeGives(`
async function main(params) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    if (params.list) return [1, params]
    if (params.done) return { done: true }
}`, `{"done":true}`, `{"done":true}`, `{"list":1}`, `[1,{"list":1}]`, `{}`, `{}`),
			Behaviour: `an async function's object or array is the result; nothing is {}`},
		{ID: "node-reject", run: nodeRejects,
			Behaviour: `a rejected promise → 200 with "error", also without a reason; nothing in the log`},
		{ID: "node-reject-error", run: nodeRejectsError, Own: true,
			Behaviour: `a promise rejected with an Error → 200, "error" is an object: its name, message, stack, code and own members (statusCode and body are a web action's answer), also within them, circles as text; the next run works`},
		{ID: "node-async-errors", run: nodeAsyncErrors,
			Behaviour: `errors in an async function → 200 "referenceerror: a is not defined", "error: app error"`},
		{ID: "node-undeclared", run: nodeLogs("function main(params) {\n    greeting = 'hello, ' + params.payload + '!'\n    console.log(greeting)\n    return { payload: greeting }\n}",
			`{"payload":"test"}`, `{"payload":"hello, test!"}`, "hello, test!\n"),
			Behaviour: `a variable that is not declared`},
		{ID: "node-exports-main", run: nodeGives("exports.main = (args) => ({ from: 'exports', ...args })", `{"a":1}`, `{"from":"exports","a":1}`),
			Behaviour: `exports.main`},
		{ID: "node-module-exports-main", run: nodeGives("module.exports = { main: (args) => ({ from: 'module', ...args }) }", `{"a":1}`, `{"from":"module","a":1}`),
			Behaviour: `module.exports.main`},
		{ID: "node-global-main", run: nodeGives("function foo() {\n    return { bar: true }\n}\nglobal.main = foo", `{}`, `{"bar":true}`),
			Behaviour: `global.main, as webpack leaves it`},
		{ID: "node-arrow-main", run: nodeGives("const main = async (args) => args", `{"a":1}`, `{"a":1}`),
			Behaviour: `a main that is a constant`},
		{ID: "node-large-code", run: nodeLargeCode,
			Behaviour: `code of more than 500 kB`},
		{ID: "node-openwhisk", run: nodeGives("function main(args) {\n    require('openwhisk')\n    return { result: true }\n}", `{}`, `{"result":true}`), Needs: NeedsOpenWhisk,
			Behaviour: `require("openwhisk") works without bringing it`},
	}
}

const nodeThrower = "function main(args) {\n    if (!args.fine) throw 'nooooo'\n    return { fine: true }\n}"

func nodeThrows(ctx context.Context, s *session) error {
	if err := s.init(ctx, source(nodeThrower)); err != nil {
		return err
	}
	return s.nodeFailsRun(ctx, http.StatusBadGateway, `{}`, "nooooo")
}

func nodeThrowsAndGoesOn(ctx context.Context, s *session) error {
	if err := nodeThrows(ctx, s); err != nil {
		return err
	}
	a, err := s.run(ctx, `{"fine":true}`)
	if err != nil {
		return fmt.Errorf("the next run: %w", err)
	}
	return a.gives(`{"fine":true}`)
}

func nodeMissingModule(ctx context.Context, s *session) error {
	if err := s.init(ctx, source("function main(args) {\n    require('.noSuchModule')\n}")); err != nil {
		return err
	}
	a, err := s.run(ctx, `{}`)
	if err != nil {
		return err
	}
	if err := a.refuses(0, "noSuchModule"); err != nil {
		return err
	}
	if s.visible() && !strings.Contains(strings.ToLower(string(a.out)+string(a.err)), "error") {
		return fmt.Errorf(`expected "error" in the log, got stdout %s, stderr %s`, short(a.out), short(a.err))
	}
	return nil
}

func nodeRejects(ctx context.Context, s *session) error {
	err := s.init(ctx, source(`
function main(args) {
    return new Promise((resolve, reject) => args.now ? reject() : setTimeout(() => reject({ done: true }), 10))
}`))
	if err != nil {
		return err
	}
	for _, argument := range []string{`{}`, `{"now":true}`} {
		a, err := s.run(ctx, argument)
		if err != nil {
			return err
		}
		if value, err := decode(a.body); err != nil || a.status != http.StatusOK || !hasError(value) {
			return fmt.Errorf(`expected 200 and an object with "error", got %v`, a)
		}
		if err := s.logIs(a, "", ""); err != nil {
			return err
		}
	}
	return nil
}

func hasError(value any) bool {
	object, ok := value.(map[string]any)
	return ok && object["error"] != nil
}

func nodeAsyncErrors(ctx context.Context, s *session) error {
	err := s.init(ctx, source(`
async function main(args) {
    await null
    if (args.reference) return a
    throw new Error("app error")
}`))
	if err != nil {
		return err
	}
	for argument, want := range map[string]string{`{"reference":1}`: "referenceerror: a is not defined", `{}`: "error: app error"} {
		a, err := s.run(ctx, argument)
		if err != nil {
			return err
		}
		value, err := decode(a.body)
		if err != nil || a.status != http.StatusOK || !hasError(value) || !strings.Contains(strings.ToLower(string(a.body)), want) {
			return fmt.Errorf("expected 200 and %q in the error, got %v", want, a)
		}
	}
	return nil
}

func nodeLargeCode(ctx context.Context, s *session) error {
	line := "    x = \"the road that not so many people take has made a difference\";\n"
	code := "function main(args) {\n    var x = \"hello\";\n" + strings.Repeat(line, 500_000/len(line)+1) + "    x = \"world\";\n    return { message: x };\n}\n"
	return s.exchanges(ctx, source(code), `{}`, `{"message":"world"}`)
}
