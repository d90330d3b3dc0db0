// Package node has the cases for JavaScript. They check results, modules,
// archives, logs and the ends of a process.
package node

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

// Cases returns the cases in the order of the README.
func Cases() []session.Spec {
	return slices.Concat(basicCases(), lifeCases(), archiveCases(), concurrentCases())
}

func basicCases() []session.Spec {
	return []session.Spec{
		{ID: "node-syntax-error", Run: failsInit("10 PRINT \"Hello!\"\n20 GOTO 10\n", "error", "syntax"),
			Behaviour: `a syntax error → init not 200, the log says so`},
		{ID: "node-missing-main", Run: failsInit("function other(args) { return args }\n", "main"),
			Behaviour: `code without the function main → init not 200`},
		{ID: "node-throw", Run: throws,
			Behaviour: `throw "nooooo" → run 502 with the text`},
		{ID: "node-throw-next", Run: throwsAndGoesOn, Own: true,
			Behaviour: `after a throw the next run works`},
		{ID: "node-missing-module", Run: missingModule,
			Behaviour: `require in main of a module that is not there → run not 200, the log says "error"`},
		{ID: "node-return", Run: gives(`
function main(params) {
    if (params.payload == 0) {
        return
    } else if (params.payload == 1) {
        return { payload: "Hello, World!" }
    }
    return { error: "payload must be 0 or 1" }
}`, `{"payload":0}`, `{}`, `{"payload":1}`, `{"payload":"Hello, World!"}`, `{"payload":2}`, `{"error":"payload must be 0 or 1"}`),
			Behaviour: `"return;" → {}; an object; an object with "error" → 200`},
		{ID: "node-promise", Run: gives(`
function main(params) {
    if (!params.later) return { done: true }
    return new Promise((resolve) => setTimeout(() => resolve({ done: "later" }), 100))
}`, `{}`, `{"done":true}`, `{"later":true}`, `{"done":"later"}`),
			Behaviour: `a promise's value is the result, in the same action as a plain one`},
		{ID: "node-async", Run: gives(`
async function main(params) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    if (params.list) return [1, params]
    if (params.done) return { done: true }
}`, `{"done":true}`, `{"done":true}`, `{"list":1}`, `[1,{"list":1}]`, `{}`, `{}`),
			Behaviour: `an async function's object or array is the result; no value gives {}`},
		{ID: "node-reject", Run: rejects,
			Behaviour: `a rejected promise → 200 with "error", also without a reason; nothing in the log`},
		{ID: "node-reject-error", Run: rejectsError, Own: true,
			Behaviour: `a promise rejected with an Error → 200, "error" is an object: its name, message, stack, code and own members (statusCode and body are a web action's answer), also within them, circles as text; the next run works`},
		{ID: "node-async-errors", Run: asyncErrors,
			Behaviour: `errors in an async function → 200 "referenceerror: a is not defined", "error: app error"`},
		{ID: "node-undeclared", Run: logs("function main(params) {\n    greeting = 'hello, ' + params.payload + '!'\n    console.log(greeting)\n    return { payload: greeting }\n}",
			`{"payload":"test"}`, `{"payload":"hello, test!"}`, "hello, test!\n"),
			Behaviour: `a variable that is not declared`},
		{ID: "node-exports-main", Run: gives("exports.main = (args) => ({ from: 'exports', ...args })", `{"a":1}`, `{"from":"exports","a":1}`),
			Behaviour: `exports.main`},
		{ID: "node-module-exports-main", Run: gives("module.exports = { main: (args) => ({ from: 'module', ...args }) }", `{"a":1}`, `{"from":"module","a":1}`),
			Behaviour: `module.exports.main`},
		{ID: "node-global-main", Run: gives("function foo() {\n    return { bar: true }\n}\nglobal.main = foo", `{}`, `{"bar":true}`),
			Behaviour: `global.main, as webpack leaves it`},
		{ID: "node-arrow-main", Run: gives("const main = async (args) => args", `{"a":1}`, `{"a":1}`),
			Behaviour: `a main that is a constant`},
		{ID: "node-large-code", Run: largeCode,
			Behaviour: `code of more than 500 kB`},
		{ID: "node-openwhisk", Run: gives("function main(args) {\n    require('openwhisk')\n    return { result: true }\n}", `{}`, `{"result":true}`), Needs: session.NeedOpenWhisk,
			Behaviour: `require("openwhisk") works though the action does not bring it`},
	}
}

const thrower = "function main(args) {\n    if (!args.fine) throw 'nooooo'\n    return { fine: true }\n}"

func throws(ctx context.Context, s *session.Session) error {
	if err := s.Init(ctx, session.Source(thrower)); err != nil {
		return err
	}
	return s.FailsRun(ctx, `{}`, http.StatusBadGateway, "nooooo")
}

func throwsAndGoesOn(ctx context.Context, s *session.Session) error {
	if err := throws(ctx, s); err != nil {
		return err
	}
	return s.StillEchoes(ctx, `{"fine":true}`)
}

func missingModule(ctx context.Context, s *session.Session) error {
	a, err := s.InitRun(ctx, session.Source("function main(args) {\n    require('.noSuchModule')\n}"), `{}`)
	if err != nil {
		return err
	}
	if err := a.Refuses(0, "noSuchModule"); err != nil {
		return err
	}
	if s.Visible() && !strings.Contains(strings.ToLower(string(a.Out)+string(a.Err)), "error") {
		return fmt.Errorf(`expected "error" in the log, got stdout %s, stderr %s`, session.Short(a.Out), session.Short(a.Err))
	}
	return nil
}

func rejects(ctx context.Context, s *session.Session) error {
	err := s.Init(ctx, session.Source(`
function main(args) {
    return new Promise((resolve, reject) => args.now ? reject() : setTimeout(() => reject({ done: true }), 10))
}`))
	if err != nil {
		return err
	}
	for _, argument := range []string{`{}`, `{"now":true}`} {
		a, err := s.Run(ctx, argument)
		if err != nil {
			return err
		}
		if value, err := session.Decode(a.Body); err != nil || a.Status != http.StatusOK || !hasError(value) {
			return fmt.Errorf(`expected 200 and an object with "error", got %v`, a)
		}
		if err := s.LogIs(a, "", ""); err != nil {
			return err
		}
	}
	return nil
}

func hasError(value any) bool {
	object, ok := value.(map[string]any)
	return ok && object["error"] != nil
}

func asyncErrors(ctx context.Context, s *session.Session) error {
	err := s.Init(ctx, session.Source(`
async function main(args) {
    await null
    if (args.reference) return a
    throw new Error("app error")
}`))
	if err != nil {
		return err
	}
	for argument, want := range map[string]string{`{"reference":1}`: "referenceerror: a is not defined", `{}`: "error: app error"} {
		a, err := s.Run(ctx, argument)
		if err != nil {
			return err
		}
		value, err := session.Decode(a.Body)
		if err != nil || a.Status != http.StatusOK || !hasError(value) || !strings.Contains(strings.ToLower(string(a.Body)), want) {
			return fmt.Errorf("expected 200 and %q in the error, got %v", want, a)
		}
	}
	return nil
}

func largeCode(ctx context.Context, s *session.Session) error {
	line := "    x = \"the road that not so many people take has made a difference\";\n"
	code := "function main(args) {\n    var x = \"hello\";\n" + strings.Repeat(line, 500_000/len(line)+1) + "    x = \"world\";\n    return { message: x };\n}\n"
	return runEach(ctx, s, session.Source(code), `{}`, `{"message":"world"}`)
}
