package kind_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/whiskaway/whiskaway/servermode/internal/kind"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/golang"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/kindtest"
	"github.com/whiskaway/whiskaway/servermode/internal/kind/native"
)

// Each kind sniffs its own sources.
func TestSet_SniffsSourcesApart(t *testing.T) {
	set := kind.Set{kindtest.Python(t), kindtest.Node(t), &golang.Kind{}, native.Kind{}}
	js, py, goes, program := kindtest.Node(t).Name(), "python:3", "go:1", "native"
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
		"npm zip":           {kindtest.Zip(t, map[string]string{"package.json": "{}", "lib/x.js": ""}), js},
		"index zip":         {kindtest.Zip(t, map[string]string{"index.js": ""}), js},
		"module zip":        {kindtest.Zip(t, map[string]string{"index.mjs": ""}), js},

		"Python":                    {kind.Code("import os\n\ndef main(args):\n    return args"), py},
		"Python with a lambda":      {kind.Code("exports = {}\n\ndef main(args):\n    return {'a => b': 1}"), py},
		"Python about a function":   {kind.Code("'''\nfunction main of it\n'''\nasync def main(args):\n    return args"), py},
		"Python that requires":      {kind.Code("def main(args):\n    require('x')\n    return args"), py},
		"Python zip with a package": {kindtest.Zip(t, map[string]string{"__main__.py": "", "package.json": "{}"}), py},

		"Go":                {kind.Code("package main\n\nfunc Main(a map[string]any) map[string]any { return a }"), goes},
		"Go with an arrow":  {kind.Code("// x => y\npackage main\n\nvar function = require(`x`)"), goes},
		"elf":               {kind.Code("\x7fELF\nfunction main() {}"), program},
		"script":            {kind.Code("#!/usr/bin/env node\nfunction main() {}"), program},
		"native zip":        {kindtest.Zip(t, map[string]string{"exec": ""}), program},
		"PHP":               {kind.Code("<?php\nfunction main(array $args) : array {\n return ['a' => 1];\n}"), ""},
		"Rust":              {kind.Code("pub fn main(a: Value) -> Value {\n  match a { _ => a }\n}"), ""},
		"Swift":             {kind.Code("func main(args: Any) -> Any {\n  let x = 1\n}"), ""},
		"Java":              {kind.Code("public class Hello {\n  x => 1\n}"), ""},
		"C#":                {kind.Code("using System;\npublic class A { int X => 1; }"), ""},
		"text":              {kind.Code("Ceci n'est pas une function."), ""},
		"10 PRINT":          {kind.Code("10 PRINT \"Hello!\"\n20 GOTO 10\n"), ""},
		"not UTF-8":         {kind.Code("function main() {}\xff"), ""},
		"nested index zip":  {kindtest.Zip(t, map[string]string{"a/index.js": ""}), ""},
		"nothing to go by":  {nil, ""},
		"JSON":              {kind.Code(`{"function": 1}`), ""},
		"a shell function?": {kind.Code("main() { echo; }"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := set.Resolve("", c.code)
			if c.want == "" {
				kindtest.AssertAction(t, err, "looks like none of")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, k.Name())
		})
	}
}

// Python is not taken for JavaScript on a host without Python.
func TestSet_SniffsNothingIntoWhatIsThere(t *testing.T) {
	for _, code := range []string{"exports = {}\n\ndef main(args):\n    return {'a => b': 1}", "package main\n// x => y", "<?php\nfunction main() {}"} {
		_, err := kind.Set{kindtest.Node(t)}.Resolve("", kind.Code(code))
		kindtest.AssertAction(t, err, "looks like none of")
	}
}
