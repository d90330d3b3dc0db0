package kind_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
)

func node(t *testing.T) *kind.Node {
	t.Helper()
	n, err := kind.NewNode([]string{"/no/such/node", "node", "/usr/bin/node"}, t.TempDir(), -1)
	if err != nil {
		t.Skip("the test needs a Node: ", err)
	}
	n.Concurrency = 200
	return n
}

func TestNode_Matches(t *testing.T) {
	n := node(t)
	own := strings.TrimPrefix(n.Name(), "nodejs:")
	set := kind.Set{n}
	for _, requested := range []string{"nodejs", "nodejs:default", "nodejs:" + own, "nodejs-gpu", "nodejs:default-gpu", "nodejs:" + own + "-gpu"} {
		k, err := set.Resolve(requested, nil)
		require.NoError(t, err, requested)
		assert.Equal(t, n.Name(), k.Name())
	}
	for _, requested := range []string{"nodejs:6", "nodejs:99-gpu", "nodejs:" + own + ".1"} {
		_, err := set.Resolve(requested, nil)
		require.ErrorIs(t, err, kind.ErrUnsupported)
		assert.EqualError(t, err, `kind is not supported: "`+requested+`"; this server has Node `+own)
	}
	_, err := set.Resolve("node", nil)
	assert.ErrorContains(t, err, "this server runs nodejs:"+own)
}

func TestNewNode_SaysWhatIsWrong(t *testing.T) {
	old := filepath.Join(t.TempDir(), "node")
	require.NoError(t, os.WriteFile(old, []byte("#!/bin/sh\necho '{\"version\":\"16.20.1\",\"exec\":\"/x/node\"}'"), 0o755))
	_, err := kind.NewNode([]string{"/no/such/node", old, "/bin/echo"}, t.TempDir(), -1)
	for _, part := range []string{"no Node that a function could run", "/no/such/node", "is Node 16.20.1; 18 or later is needed", "is no Node"} {
		assert.ErrorContains(t, err, part)
	}
}

// Who gets what where nobody said which kind it is.
func TestSet_SniffsSourcesApart(t *testing.T) {
	set := kind.Set{python(t), node(t), &kind.Go{}, kind.Native{}}
	js, python, golang, native := node(t).Name(), "python:3", "go:1", "native"
	for name, c := range map[string]struct {
		code kind.Code
		want string
	}{
		"function":          {kind.Code("function main(args) {\n  return args\n}"), js},
		"async function":    {kind.Code("'use strict';\nasync function main() {}"), js},
		"arrow":             {kind.Code("const main = args => ({ ...args })"), js},
		"exports":           {kind.Code("exports.main = main2"), js},
		"module.exports":    {kind.Code("module.exports = { main: class { } }"), js},
		"require":           {kind.Code("var ow = require('openwhisk')"), js},
		"ES module":         {kind.Code("import fs from 'node:fs';\nexport function main(args) { return args }"), js},
		"bare import":       {kind.Code("import \"./x.js\"\n"), js},
		"exported constant": {kind.Code("export const main = x"), js},
		"global":            {kind.Code("global.main = function () {}\nfunction x() {}"), js},
		"a def in a string": {kind.Code("function main() { return { code: 'def main(args): pass' } }"), js},
		"npm zip":           {zipOf(t, map[string]string{"package.json": "{}", "lib/x.js": ""}), js},
		"index zip":         {zipOf(t, map[string]string{"index.js": ""}), js},
		"module zip":        {zipOf(t, map[string]string{"index.mjs": ""}), js},

		"Python":                    {kind.Code("import os\n\ndef main(args):\n    return args"), python},
		"Python with a lambda":      {kind.Code("exports = {}\n\ndef main(args):\n    return {'a => b': 1}"), python},
		"Python about a function":   {kind.Code("'''\nfunction main of it\n'''\nasync def main(args):\n    return args"), python},
		"Python that requires":      {kind.Code("def main(args):\n    require('x')\n    return args"), python},
		"Python zip with a package": {zipOf(t, map[string]string{"__main__.py": "", "package.json": "{}"}), python},

		"Go":                {kind.Code("package main\n\nfunc Main(a map[string]any) map[string]any { return a }"), golang},
		"Go with an arrow":  {kind.Code("// x => y\npackage main\n\nvar function = require(`x`)"), golang},
		"elf":               {kind.Code("\x7fELF\nfunction main() {}"), native},
		"script":            {kind.Code("#!/usr/bin/env node\nfunction main() {}"), native},
		"native zip":        {zipOf(t, map[string]string{"exec": ""}), native},
		"PHP":               {kind.Code("<?php\nfunction main(array $args) : array {\n return ['a' => 1];\n}"), ""},
		"Rust":              {kind.Code("pub fn main(a: Value) -> Value {\n  match a { _ => a }\n}"), ""},
		"Swift":             {kind.Code("func main(args: Any) -> Any {\n  let x = 1\n}"), ""},
		"Java":              {kind.Code("public class Hello {\n  x => 1\n}"), ""},
		"C#":                {kind.Code("using System;\npublic class A { int X => 1; }"), ""},
		"text":              {kind.Code("Ceci n'est pas une function."), ""},
		"10 PRINT":          {kind.Code("10 PRINT \"Hello!\"\n20 GOTO 10\n"), ""},
		"not UTF-8":         {kind.Code("function main() {}\xff"), ""},
		"nested index zip":  {zipOf(t, map[string]string{"a/index.js": ""}), ""},
		"nothing to go by":  {nil, ""},
		"JSON":              {kind.Code(`{"function": 1}`), ""},
		"a shell function?": {kind.Code("main() { echo; }"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := set.Resolve("", c.code)
			if c.want == "" {
				assertAction(t, err, "looks like none of")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, k.Name())
		})
	}
}

// Python that nobody here runs is not taken for JavaScript.
func TestSet_SniffsNothingIntoWhatIsThere(t *testing.T) {
	for _, code := range []string{"exports = {}\n\ndef main(args):\n    return {'a => b': 1}", "package main\n// x => y", "<?php\nfunction main() {}"} {
		_, err := kind.Set{node(t)}.Resolve("", kind.Code(code))
		assertAction(t, err, "looks like none of")
	}
}

func TestNode_Prepare(t *testing.T) {
	n := node(t)
	for name, c := range map[string]struct {
		code kind.Code
		form string
	}{
		"source": {kind.Code("function main() {}"), "text"},
		"zip":    {zipOf(t, map[string]string{"index.js": ""}), "archive"},
		"tar.gz": {tarOf(t, "package.json", "{}"), "archive"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			command, err := n.Prepare(t.Context(), kind.Site{Dir: dir}, c.code, "main")
			require.NoError(t, err)
			assert.Equal(t, []string{dir, "main", c.form, "one"}, command.Args[2:])
			assert.Equal(t, dir, command.Dir)
			assert.Equal(t, kind.Framed, command.Protocol)
			assert.True(t, command.WaitForAck)
			assert.Equal(t, 1, command.Concurrency)
		})
	}
	_, err := n.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, zipOf(t, map[string]string{"hello": ""}), "main")
	action := assertAction(t, err, "Error: Zipped actions must contain either package.json or index.js at the root.")
	assert.Contains(t, action.Message, "Zipped actions must contain")
	_, err = n.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, zipOf(t, map[string]string{"other.js": ""}), "other.main")
	assert.NoError(t, err, "main names the file")
	_, err = n.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, zipOf(t, map[string]string{"../index.js": ""}), "main")
	assertAction(t, err, "outside the action's folder")
}

func TestNode_ConcurrencyIsTheActionsWish(t *testing.T) {
	n := node(t)
	for value, want := range map[string]int{"true": 200, "True": 200, "1": 200, "false": 1, "": 1, "yes": 1, "0": 1} {
		command, err := n.Prepare(t.Context(), kind.Site{Dir: t.TempDir(), Env: map[string]string{"__OW_ALLOW_CONCURRENT": value}}, kind.Code("x"), "main")
		require.NoError(t, err)
		assert.Equal(t, want, command.Concurrency, value)
	}
}

func TestNode_ModulesOfTheHost(t *testing.T) {
	n := node(t)
	path := func() string {
		command, err := n.Prepare(t.Context(), kind.Site{Dir: t.TempDir()}, kind.Code("x"), "main")
		require.NoError(t, err)
		value, found := strings.CutPrefix(command.Env[0], "NODE_PATH=")
		require.True(t, found)
		return value
	}
	prefix := filepath.Dir(filepath.Dir(n.Exec))
	assert.True(t, strings.HasPrefix(path()+":", prefix+"/lib/node_modules:"), path())
	assert.Contains(t, path(), "/usr/local/lib/node_modules")
	n.Modules = "/opt/modules"
	assert.Equal(t, "/opt/modules", path())
}
