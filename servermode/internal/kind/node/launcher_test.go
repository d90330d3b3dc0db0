package node_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/process"
)

var concurrent = map[string]string{"__OW_ALLOW_CONCURRENT": "true"}

// launchNode starts JavaScript as a server does.
func launchNode(t *testing.T, code kind.Code, main string, vars map[string]string) (*process.Process, *kindtest.Logs, error) {
	t.Helper()
	n := kindtest.Node(t)
	n.Modules = filepath.Join(t.TempDir(), "modules")
	require.NoError(t, os.MkdirAll(n.Modules+"/shared", 0o755))
	require.NoError(t, os.WriteFile(n.Modules+"/shared/index.js", []byte("exports.yes = true"), 0o644))
	command, err := n.Prepare(t.Context(), kind.Site{Dir: t.TempDir(), Env: vars}, code, main)
	require.NoError(t, err)
	env := []string{}
	for key, value := range vars {
		env = append(env, key+"="+value)
	}
	out := &kindtest.Logs{}
	p, err := kindtest.TryStart(t, command, out, env...)
	return p, out, err
}

func jsAction(t *testing.T, source string, vars map[string]string) *process.Process {
	t.Helper()
	p, out, err := launchNode(t, kind.Code(source), "main", vars)
	require.NoError(t, err, out)
	return p
}

// bothWays runs a test with one run at a time, and with several allowed.
func bothWays(t *testing.T, test func(t *testing.T, vars map[string]string)) {
	t.Run("one at a time", func(t *testing.T) { test(t, nil) })
	t.Run("concurrent", func(t *testing.T) { test(t, concurrent) })
}

func TestNodeLauncher_FindsMain(t *testing.T) {
	yes := "() => ({ yes: true })"
	for name, c := range map[string]struct {
		code kind.Code
		main string
	}{
		"declared":             {kind.Code("function main() { return { yes: true } }"), "main"},
		"constant":             {kind.Code("const main = " + yes + " // at the end"), "main"},
		"exports":              {kind.Code("exports.main = " + yes), "main"},
		"module.exports":       {kind.Code("module.exports = { main: " + yes + " }"), "main"},
		"both exports":         {kind.Code("exports.main = " + yes + "; module.exports = {}"), "main"},
		"global":               {kind.Code("global.main = " + yes), "main"},
		"global, early return": {kind.Code("global.main = " + yes + "; return"), "main"},
		"no identifier":        {kind.Code("exports['my-main'] = " + yes), "my-main"},
		"a keyword":            {kind.Code("exports.delete = " + yes), "delete"},
		"path":                 {kind.Code("const a = { b: " + yes + " }"), "a.b"},
		"returns early":        {kind.Code("exports.main = " + yes + "; return"), "main"},
		"strict":               {kind.Code("'use strict'\nfunction main() { return { yes: this === undefined } }"), "main"},
		"hashbang":             {kind.Code("#!/usr/bin/env node\nfunction main() { return { yes: true } }"), "main"},
		"ES module":            {kind.Code("import { setTimeout as wait } from 'node:timers/promises'\nawait wait(1)\nexport const main = " + yes), "main"},
		"ES module, default":   {kind.Code("export default " + yes), "main"},
		"awaits at its top":    {kind.Code("export const yes = await Promise.resolve(true)\nexport function main() { return { yes } }"), "main"},
		"shared modules":       {kind.Code("const { yes } = require('shared')\nfunction main() { return { yes } }"), "main"},
		"zip with other":       {kindtest.Zip(t, map[string]string{"other.js": "exports.a = { b: " + yes + " }"}), "other.a.b"},
		"zip with other.mjs":   {kindtest.Zip(t, map[string]string{"other.mjs": "export const niam = " + yes}), "other.niam"},
		"zip with index.mjs":   {kindtest.Zip(t, map[string]string{"index.mjs": "export const main = " + yes}), "main"},
		"zip, folder":          {kindtest.Zip(t, map[string]string{"lib/index.js": "exports.niam = " + yes}), "lib.niam"},
		"zip, CommonJS in ESM": {kindtest.Zip(t, map[string]string{"package.json": `{"type":"module","main":"x.cjs"}`, "x.cjs": "exports.main = " + yes}), "main"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, out, err := launchNode(t, c.code, c.main, nil)
			require.NoError(t, err, out)
			result, log := kindtest.Answers(t, p, `{}`)
			assert.Equal(t, `{"yes":true}`, result)
			assert.Empty(t, log)
		})
	}
}

func TestNodeLauncher_FailedStarts(t *testing.T) {
	for name, c := range map[string]struct {
		code       kind.Code
		cause, log string
	}{
		"syntax":            {kind.Code("10 PRINT"), "SyntaxError", "index.js:1"},
		"throws":            {kind.Code("throw new Error('no')"), "Error: no", "index.js"},
		"no main":           {kind.Code("function other() {}"), "no function 'main'", ""},
		"main is a number":  {kind.Code("const main = 1"), "no function 'main'", ""},
		"exits":             {kind.Code("process.exit(3)"), "command exited: exit status 3 during initialization", ""},
		"waits for ever":    {kind.Code("export const x = await new Promise(() => {})"), "command exited: exit status", ""},
		"fails later":       {kind.Code("setTimeout(() => { throw new Error('later') }, 1); await new Promise(() => setTimeout(() => {}, 1e6)); export {}"), "Error: later", "later"},
		"module lacks":      {kind.Code("require('openwhisk')"), "Cannot find module 'openwhisk'", "none on the server's host (/"},
		"file lacks":        {kind.Code("require('./lib')"), "Cannot find module './lib'", ""},
		"ES module lacks":   {kind.Code("import 'openwhisk'\nexport {}"), "Cannot find package 'openwhisk'", "import finds no global modules"},
		"package.json":      {kindtest.Zip(t, map[string]string{"package.json": "{", "index.js": ""}), "package.json", ""},
		"package has none":  {kindtest.Zip(t, map[string]string{"package.json": `{"main":"gone.js"}`}), "Cannot find module", ""},
		"throws a circle":   {kind.Code("const a = {}; a.a = a; throw a"), "Circular", ""},
		"throws nothing":    {kind.Code("throw undefined"), "undefined", ""},
		"throws a trap":     {kind.Code("throw new Proxy({}, { get() { throw 1 } })"), "", ""},
		"rejects while off": {kind.Code("Promise.reject(new Error('astray')); export const x = await new Promise(() => setTimeout(() => {}, 1e6))"), "Error: astray", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, out, err := launchNode(t, c.code, "main", nil)
			require.Error(t, err)
			line, refused := "", (*process.AckError)(nil)
			if errors.As(err, &refused) {
				line = refused.Line
			}
			message := kindtest.Node(t).StartError(err, line).Message
			assert.Contains(t, message, "Cannot start action. Check logs for details. Cause: ")
			assert.NotContains(t, message, os.TempDir()+"/", "an author has no use for folders of the host")
			assert.Contains(t, message, c.cause)
			assert.Contains(t, out.String(), c.log)
			assert.NotContains(t, out.String(), "no such module on the server's host (./")
		})
	}
}
