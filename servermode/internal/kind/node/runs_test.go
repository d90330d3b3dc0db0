package node_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

func TestNodeLauncher_Arguments(t *testing.T) {
	p := jsAction(t, `function main(args) { return { got: args } }`, nil)
	for line, want := range map[string]string{
		`{"value":{"a":"❄ ☃ ❄"}}`: `{"got":{"a":"❄ ☃ ❄"}}`, `{"value":[1,2]}`: `{"got":[1,2]}`,
		`{}`: `{"got":{}}`, `null`: `{"got":{}}`, `{"value":null}`: `{"got":{}}`, `{"value":{"__proto__":{"x":1}}}`: `{"got":{"__proto__":{"x":1}}}`,
	} {
		result, _ := kindtest.Answers(t, p, line)
		assert.Equal(t, want, result)
	}
	_, _, err := kindtest.Run(t, p, `{"value":`)
	var thrown *process.ThrownError
	require.ErrorAs(t, err, &thrown)
	large := strings.Repeat("❄", 300_000)
	result, _ := kindtest.Answers(t, p, `{"value":{"x":"`+large+`"}}`)
	assert.True(t, result == `{"got":{"x":"`+large+`"}}`, "a large one comes back whole")
	result, _ = kindtest.Answers(t, p, `{"value":`+strings.Repeat(`[`, 9000)+strings.Repeat("]", 9000)+"}")
	assert.NotEmpty(t, result)
}

func TestNodeLauncher_Results(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"array":               {`return [1, { a: undefined }]`, `[1,{}]`},
		"nothing":             {`return`, `{}`},
		"promise of nothing":  {`return Promise.resolve()`, `{}`},
		"thenable":            {`return { then(done) { done({ a: 1 }) } }`, `{"a":1}`},
		"BigInt":              {`return { n: 1n }`, `{"error":"TypeError: Do not know how to serialize a BigInt"}`},
		"circle":              {`args.self = args; return args`, `{"error":"TypeError: Converting circular`},
		"toJSON throws":       {`return { toJSON() { throw new Error("no JSON") } }`, `{"error":"Error: no JSON"}`},
		"broken thenable":     {`return { get then() { throw new Error("no") } }`, `{"error":{"name":"Error","message":"no","stack":"Error: no\n`},
		"deep":                {`let d = {}; for (let i = 0; i < 1e5; i++) d = { d }; return d`, `{"error":"RangeError`},
		"lone surrogate":      {`return { s: "\ud800" }`, `{"s":"\ud800"}`},
		"resolved later":      {`return new Promise((done) => setTimeout(done, 5, { later: 1 }))`, `{"later":1}`},
		"fails after resolve": {`setTimeout(() => { throw new Error("late") }, 1); return { fine: 1 }`, `{"fine":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := jsAction(t, "function main(args) {\n    if (args.fine) return { fine: 2 }\n    "+c.body+"\n}", nil)
			result, _ := kindtest.Answers(t, p, `{"value":{}}`)
			assert.Contains(t, result, c.want)
			result, _ = kindtest.Answers(t, p, `{"value":{"fine":true}}`)
			assert.Equal(t, `{"fine":2}`, result)
		})
	}
}

func TestNodeLauncher_ThrowsFailTheRun(t *testing.T) {
	bothWays(t, func(t *testing.T, vars map[string]string) {
		for name, c := range map[string]struct{ body, want, log string }{
			"error":             {`throw new TypeError("sorry")`, "An error has occurred: TypeError: sorry", "index.js:3"},
			"text":              {`throw "nooooo"`, "An error has occurred: nooooo", "Error: nooooo"},
			"object":            {`throw { a: 1 }`, "An error has occurred: { a: 1 }", "{ a: 1 }"},
			"endless recursion": {`return main(args)`, "RangeError", "RangeError"},
			"missing module":    {`require("openwhisk")`, "Cannot find module 'openwhisk'", "npm install -g openwhisk"},
			"callback":          {`setTimeout(() => { throw new Error("in a callback") }, 1); return new Promise(() => {})`, "Error: in a callback", "Error: in a callback"},
			"promise":           {`Promise.reject(new Error("astray")); return new Promise(() => {})`, "Error: astray", "Error: astray"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := jsAction(t, "function main(args) {\n    if (args.fine) return { fine: 2 }\n    "+c.body+"\n}", vars)
				_, log, err := kindtest.Run(t, p, `{"value":{}}`)
				var thrown *process.ThrownError
				require.ErrorAs(t, err, &thrown)
				assert.Contains(t, thrown.Message, c.want)
				assert.Contains(t, log, c.log)
				result, log := kindtest.Answers(t, p, `{"value":{"fine":true}}`)
				assert.Equal(t, `{"fine":2}`, result)
				assert.Empty(t, log)
			})
		}
	})
}

func TestNodeLauncher_ContextIsEachRunsOwn(t *testing.T) {
	bothWays(t, func(t *testing.T, vars map[string]string) {
		env := map[string]string{"__OW_API_HOST": "https://host", "__OW_ACTION_NAME": "/ns/initial"}
		for key, value := range vars {
			env[key] = value
		}
		p := jsAction(t, `
const { execSync } = require("child_process")
async function main(args) {
    await new Promise((done) => setTimeout(done, 1))
    const own = (vars) => Object.fromEntries(Object.entries(vars).filter(([k]) => /^__OW_(?!WAIT|ALLOW)/.test(k)).sort())
    const child = own(JSON.parse(execSync(process.execPath + " -p 'JSON.stringify(process.env)'").toString()))
    if (JSON.stringify(child) !== JSON.stringify(own(process.env))) throw new Error("a child sees " + JSON.stringify(child))
    return own(process.env)
}`, env)
		first, _ := kindtest.Answers(t, p, `{"value":{},"activation_id":"1","action_name":"/ns/run","api_host":"other","extra":{"a":[1]},"none":null}`)
		assert.JSONEq(t, `{"__OW_ACTIVATION_ID":"1","__OW_ACTION_NAME":"/ns/run","__OW_API_HOST":"other","__OW_EXTRA":"{\"a\":[1]}","__OW_NONE":"null"}`, first)
		second, _ := kindtest.Answers(t, p, `{"value":{},"activation_id":"2"}`)
		assert.JSONEq(t, `{"__OW_ACTIVATION_ID":"2","__OW_API_HOST":"https://host","__OW_ACTION_NAME":"/ns/initial"}`, second)
		_, _, err := kindtest.Run(t, p, `{"value":{},"a=b":"x","nul":"\u0000","n\u0000ul":"x"}`)
		var thrown *process.ThrownError
		assert.True(t, err == nil || errors.As(err, &thrown), "names and values that no environment holds: %v", err)
		kindtest.Answers(t, p, `{"value":{}}`)
	})
}

func TestNodeLauncher_EnvironmentCanBeChanged(t *testing.T) {
	bothWays(t, func(t *testing.T, vars map[string]string) {
		p := jsAction(t, `
const { env } = process
function main(args) {
    const before = [env.MINE, "MINE" in env, env.__OW_ACTIVATION_ID]
    env.MINE = 7
    process.env.__OW_ACTIVATION_ID = "changed"
    delete env.GONE
    return { before, after: [process.env.MINE, Object.keys(env).includes("MINE"), env.__OW_ACTIVATION_ID, { ...env }.GONE === undefined] }
}`, vars)
		result, _ := kindtest.Answers(t, p, `{"activation_id":"1"}`)
		assert.Equal(t, `{"before":[null,false,"1"],"after":["7",true,"changed",true]}`, result)
		result, _ = kindtest.Answers(t, p, `{"activation_id":"2"}`)
		assert.Equal(t, `{"before":["7",true,"2"],"after":["7",true,"changed",true]}`, result)
	})
}
