package node_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

// An action may change globals without harm to the launcher.
func TestNodeLauncher_GlobalsAreTheActions(t *testing.T) {
	bothWays(t, func(t *testing.T, vars map[string]string) {
		p := jsAction(t, `
const no = () => { throw new Error("replaced") }
function main(args) {
    JSON.parse = JSON.stringify = no
    Buffer.from = Buffer.alloc = Buffer.concat = no
    Object.entries = Object.keys = Object.hasOwn = no
    process.exit = no
    globalThis.Promise = class { static resolve() { no() } }
    if (args.fails) throw new Error("mine")
    if (args.rejects) return (async () => { throw new Error("mine") })()
    if (args.later) return (async () => ({ later: 1 }))()
    return { run: process.env.__OW_ACTIVATION_ID, extra: process.env.__OW_EXTRA }
}`, vars)
		for range 2 {
			result, log := kindtest.Answers(t, p, `{"activation_id":"1","extra":[1]}`)
			assert.Equal(t, `{"run":"1","extra":"[1]"}`, result)
			assert.Empty(t, log)
			result, _ = kindtest.Answers(t, p, `{"value":{"rejects":1}}`)
			assert.Contains(t, result, `{"error":{"name":"Error","message":"mine"`)
			result, _ = kindtest.Answers(t, p, `{"value":{"later":1}}`)
			assert.Equal(t, `{"later":1}`, result)
			_, log, err := kindtest.Run(t, p, `{"value":{"fails":1}}`)
			var thrown *process.ThrownError
			require.ErrorAs(t, err, &thrown)
			assert.Contains(t, thrown.Message, "Error: mine")
			assert.Contains(t, log, "Error: mine")
		}
	})
}

// A file that acts as a program when it is the main module does not do so here.
func TestNodeLauncher_AnActionIsNotTheProgram(t *testing.T) {
	source := `
const asProgram = require.main === module || !module.parent
exports.main = () => ({ asProgram, argv: process.argv.length, gc: typeof global.gc, dynamic: typeof globalThis.later })
import("node:fs").then((fs) => { globalThis.later = fs })`
	for name, code := range map[string][]byte{"text": []byte(source), "zip": kindtest.Zip(t, map[string]string{"index.js": source})} {
		p, out, err := launchNode(t, code, "main", nil)
		require.NoError(t, err, out)
		result, log := kindtest.Answers(t, p, `{}`)
		assert.JSONEq(t, `{"asProgram":false,"argv":2,"gc":"function","dynamic":"object"}`, result, name)
		assert.Empty(t, log)
	}
}

// Editors and shells of Windows write a byte order mark, or UTF-16.
func TestNode_TextsOfWindows(t *testing.T) {
	at, s := npmRegistry(t), kindtest.Builder(t)
	t.Setenv("npm_config_registry", at)
	const code = "exports.main = () => ({ text: '❄ ☃ ❄',\r\n name: require('whisker').name })\r\n"
	const module = "import whisker from 'whisker'\r\nexport const main = () => ({ text: '❄ ☃ ❄', name: whisker.name })\r\n"
	const wants = "{\r\n\"type\":\"%\",\"dependencies\":{\"whisker\":\"1\"}}\r\n"
	for name, c := range map[string]struct {
		encode func(string) string
		kind   string
	}{
		"mark":                  {func(s string) string { return "\ufeff" + s }, "commonjs"},
		"mark, module":          {func(s string) string { return "\ufeff" + s }, "module"},
		"UTF-16":                {func(s string) string { return kindtest.UTF16(s, binary.LittleEndian) }, "commonjs"},
		"UTF-16, module":        {func(s string) string { return kindtest.UTF16(s, binary.LittleEndian) }, "module"},
		"UTF-16 the other way":  {func(s string) string { return kindtest.UTF16(s, binary.BigEndian) }, "commonjs"},
		"UTF-16, and a script":  {func(s string) string { return kindtest.UTF16(s, binary.LittleEndian) }, `commonjs","scripts":{"postinstall":"node index.js"},"a":"`},
		"carriage returns only": {func(s string) string { return s }, "commonjs"},
	} {
		t.Run(name, func(t *testing.T) {
			source := code
			if c.kind == "module" {
				source = module
			}
			result, log, err := runNode(t, s, map[string]string{
				"index.js":          c.encode(source),
				"package.json":      c.encode(wants[:len("{\r\n\"type\":\"")] + c.kind + wants[len("{\r\n\"type\":\"%"):]),
				"package-lock.json": c.encode(`{"lockfileVersion":3,"packages":{"":{"dependencies":{"whisker":"1"}},"node_modules/whisker":{"version":"1.2.0","resolved":"` + at + `/whisker.tgz"}}}`),
			})
			require.NoError(t, err, log)
			assert.JSONEq(t, `{"text":"❄ ☃ ❄","name":"whisker 1.2"}`, result)
		})
	}
}
