package node

import (
	"context"

	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/archive"
	"github.com/whiskaway/whiskaway/runtime-spec/conformance/internal/session"
)

func archiveCases() []session.Spec {
	return []session.Spec{
		{ID: "node-zip", Run: zip("", packageJSON("index.js"), file("index.js", "main")),
			Behaviour: `a zip with package.json and index.js`},
		{ID: "node-zip-index", Run: zip("", file("index.js", "main")),
			Behaviour: `a zip with only index.js`},
		{ID: "node-zip-package-main", Run: zip("", packageJSON("lib/start.js"), file("lib/start.js", "main")),
			Behaviour: `the file that package.json calls main`},
		{ID: "node-zip-other-main", Run: zip("niam", packageJSON("index.js"), file("index.js", "niam")),
			Behaviour: `main "niam"`},
		{ID: "node-zip-other-file", Run: zip("other.niam", file("other.js", "niam")),
			Behaviour: `main "other.niam" is niam of other.js, and needs no index.js`},
		{ID: "node-zip-overrides", Run: zip("other.niam", packageJSON("index.js"), archive.File{Name: "index.js", Body: "exports.main = () => ({ from: 'index' })"}, file("other.js", "niam")),
			Behaviour: `main "other.niam" overrides package.json`},
		{ID: "node-zip-nested-main", Run: zip("other.niam.xyz", archive.File{Name: "other.js", Body: "exports.niam = { xyz: (args) => ({ here: true, ...args }) }"}),
			Behaviour: `main "other.niam.xyz"`},
		{ID: "node-zip-cwd", Run: zip("",
			archive.File{Name: "index.js", Body: "const fs = require('fs')\nexports.main = (args) => ({ here: fs.readFileSync('./test.txt', 'utf8') === 'text' && __dirname === process.cwd(), ...args })"},
			archive.File{Name: "test.txt", Body: "text"}),
			Behaviour: `a zip's files are in the working directory, which is __dirname`},
		{ID: "node-zip-modules", Run: zip("",
			archive.File{Name: "index.js", Body: "exports.main = (args) => ({ here: require('local').yes, ...args })"},
			archive.File{Name: "node_modules/local/package.json", Body: `{"name":"local","main":"lib.js"}`},
			archive.File{Name: "node_modules/local/lib.js", Body: "exports.yes = true"}),
			Behaviour: `node_modules in a zip`},
		{ID: "node-zip-no-entry", Run: zipFails("Zipped actions must contain either package.json or index.js at the root.", archive.Zip(archive.File{Name: "hello", Body: "Hello!"})),
			Behaviour: `a zip with neither → init not 200, "Zipped actions must contain either package.json or index.js at the root."`},
		{ID: "node-zip-is-none", Run: zipFails("syntax", archive.Of([]byte("Ceci n'est pas un zip.\n"))),
			Behaviour: `text that is neither a zip nor JavaScript, in base64 → init not 200, the log says so`},
		{ID: "node-zip-module", Run: zip("", archive.File{Name: "package.json", Body: `{"type":"module","main":"start.js"}`},
			archive.File{Name: "start.js", Body: "import { setTimeout } from 'node:timers/promises'\nimport { yes } from './other.js'\nconst here = await setTimeout(1, yes)\nexport function main(args) { return { here, ...args } }"},
			archive.File{Name: "other.js", Body: "export const yes = true"}), Own: true,
			Behaviour: `an ES module with await at its top, by "type":"module"`},
		{ID: "node-zip-mjs", Run: zip("", archive.File{Name: "package.json", Body: `{"main":"start.mjs"}`},
			archive.File{Name: "start.mjs", Body: "export const main = async (args) => ({ here: true, ...args })"}), Own: true,
			Behaviour: `an ES module, by its name`},
	}
}

func packageJSON(main string) archive.File {
	return archive.File{Name: "package.json", Body: `{"name":"conformance","version":"1.0.0","main":"` + main + `"}`}
}

// file returns a file that exports a function, which adds "here" to its argument.
func file(name, main string) archive.File {
	return archive.File{Name: name, Body: "exports." + main + " = (args) => ({ here: true, ...args })\n"}
}

// zip expects the function in the files to answer.
func zip(main string, files ...archive.File) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		code := archive.Zip(files...)
		code.Main = main
		return runEach(ctx, s, code, `{"name":"Ada"}`, `{"here":true,"name":"Ada"}`)
	}
}

func zipFails(text string, code session.Action) func(context.Context, *session.Session) error {
	return func(ctx context.Context, s *session.Session) error {
		return s.RefusesInit(ctx, code, 0, text, "error")
	}
}
