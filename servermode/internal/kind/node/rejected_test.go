package node_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
)

// stack stands in the expectations for a stack that starts with name and message.
const stack = `"stack":"…"`

// rejected returns what a run answers whose promise was rejected with a JavaScript
// value. A stack in it is "…" if it starts as it should.
func rejected(t *testing.T, reason string) string {
	t.Helper()
	p := jsAction(t, "async function main(args) {\n    if (args.fine) return { fine: 1 }\n    "+reason+"\n}", nil)
	result, log := kindtest.Answers(t, p, `{"value":{}}`)
	assert.Empty(t, log, "it is the action's answer")
	fine, _ := kindtest.Answers(t, p, `{"value":{"fine":1}}`)
	assert.Equal(t, `{"fine":1}`, fine)
	var value any
	require.NoError(t, json.Unmarshal([]byte(result), &value))
	var shorten func(any)
	shorten = func(value any) {
		object, _ := value.(map[string]any)
		if text, ok := object["stack"].(string); ok && strings.Contains(text, "index.js:3") {
			object["stack"] = "…"
		}
		for _, member := range object {
			shorten(member)
		}
	}
	shorten(value)
	shortened, err := json.Marshal(value)
	require.NoError(t, err)
	return string(shortened)
}

// Code that catches the error on the other side does this.
func TestNodeLauncher_RejectedErrorsKeepTheirMembers(t *testing.T) {
	error := `"name":"Error","message":"m",` + stack
	for name, c := range map[string]struct{ body, want string }{
		"plain":            {`throw new Error("m")`, error},
		"of a class":       {`class Gone extends TypeError { constructor(m) { super(m); this.name = "Gone" } }; throw new Gone("m")`, `"name":"Gone","message":"m",` + stack},
		"own members":      {`throw Object.assign(new Error("m"), { statusCode: 404, body: { a: [1, null] }, headers: {} })`, error + `,"statusCode":404,"body":{"a":[1,null]},"headers":{}`},
		"system":           {`require("fs").readFileSync("/no/such")`, `"name":"Error","code":"ENOENT","errno":-2,"syscall":"open","path":"/no/such","message":"ENOENT: no such file or directory, open '/no/such'",` + stack},
		"nested":           {`throw Object.assign(new Error("m"), { reason: new RangeError("r") })`, error + `,"reason":{"name":"RangeError","message":"r",` + stack + `}`},
		"hidden cause":     {`throw new Error("m", { cause: new Error("c") })`, error},
		"circle":           {`const e = new Error("m"); e.self = e; e.list = [{ e }]; throw e`, error + `,"self":"[Circular]","list":[{"e":"[Circular]"}]`},
		"twice is none":    {`const o = { a: 1 }; throw Object.assign(new Error("m"), { o, also: o })`, error + `,"o":{"a":1},"also":{"a":1}`},
		"no JSON in it":    {`throw Object.assign(new Error("m"), { f() {}, s: Symbol("s"), u: undefined, big: 12345678901234567890n, nan: NaN })`, error + `,"big":"12345678901234567890","nan":null`},
		"bytes, stream":    {`throw Object.assign(new Error("m"), { b: Buffer.from("b"), s: process.stdout, d: new Date(0) })`, error + `,"b":"[object Buffer]","s":"[object Stream]","d":"1970-01-01T00:00:00.000Z"`},
		"getter throws":    {`throw Object.defineProperty(new Error("m"), "bad", { enumerable: true, get() { throw 1 } })`, error},
		"says it itself":   {`throw Object.assign(new Error("m"), { toJSON() { return { mine: this.message } } })`, `"mine":"m"`},
		"toJSON throws":    {`throw Object.assign(new Error("m"), { toJSON() { throw 1 } })`, error},
		"toJSON a circle":  {`throw Object.assign(new Error("m"), { toJSON() { const a = {}; return a.a = a } })`, error},
		"toJSON gives 0":   {`throw Object.assign(new Error("m"), { toJSON() {} })`, error},
		"__proto__":        {`throw Object.assign(new Error("m"), { o: JSON.parse('{"__proto__":{"a":1}}') })`, error + `,"o":{"__proto__":{"a":1}}`},
		"aborted":          {`throw new DOMException("m", "AbortError")`, `"name":"AbortError","message":"m",` + stack},
		"object":           {`throw { code: 7, f() {}, n: null }`, `"code":7,"n":null`},
		"inherited":        {`throw Object.create({ name: "n", message: "m", other: 1 })`, `"name":"n","message":"m"`},
		"stack is no text": {`throw Object.assign(new Error("m"), { stack: [1] })`, `"name":"Error","message":"m"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.JSONEq(t, `{"error":{`+c.want+`}}`, rejected(t, c.body))
		})
	}
}

func TestNodeLauncher_RejectedWithWhatIsNoError(t *testing.T) {
	for reason, want := range map[string]string{
		``: `{}`, `null`: `{}`, `0`: `{}`, `""`: `{}`, `false`: `{}`, `0n`: `{}`,
		`"sorry"`: `"sorry"`, `7`: `7`, `true`: `true`, `[1, "two"]`: `[1,"two"]`,
		`() => 1`: `"[Function: anonymous]"`, `function f() {}`: `"[Function: f]"`,
		`Symbol("x")`: `"Symbol(x)"`, `7n`: `"7n"`,
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			assert.JSONEq(t, `{"error":`+want+`}`, rejected(t, "return Promise.reject("+reason+")"))
		})
	}
}

// Whatever the reason is, the run ends with an error, and the next one works.
func TestNodeLauncher_RejectedWithWhatNothingCanHold(t *testing.T) {
	for name, body := range map[string]string{
		"deep":      `let d = {}; for (let i = 0; i < 1e5; i++) d = { d }; throw d`,
		"deep list": `let d = []; for (let i = 0; i < 1e5; i++) d = [d]; throw Object.assign(new Error("m"), { d })`,
		"endless":   `throw new Proxy({}, { get: () => { throw 1 } })`,
		"branching": `let d = {}; for (let i = 0; i < 64; i++) d = { l: d, r: d }; throw Object.assign(new Error("m"), { d })`,
		"revoked":   `const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Contains(t, rejected(t, body), `{"error":`)
		})
	}
}
