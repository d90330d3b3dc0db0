package conformance

import "context"

func nodeArchiveCases() []Case {
	return []Case{
		{ID: "node-zip", run: nodeZip("", packageJSON("index.js"), nodeFile("index.js", "main")),
			Behaviour: `a zip with package.json and index.js`},
		{ID: "node-zip-index", run: nodeZip("", nodeFile("index.js", "main")),
			Behaviour: `a zip with only index.js`},
		{ID: "node-zip-package-main", run: nodeZip("", packageJSON("lib/start.js"), nodeFile("lib/start.js", "main")),
			Behaviour: `the file that package.json calls main`},
		{ID: "node-zip-other-main", run: nodeZip("niam", packageJSON("index.js"), nodeFile("index.js", "niam")),
			Behaviour: `main "niam"`},
		{ID: "node-zip-other-file", run: nodeZip("other.niam", nodeFile("other.js", "niam")),
			Behaviour: `main "other.niam" is niam of other.js, and needs no index.js`},
		{ID: "node-zip-overrides", run: nodeZip("other.niam", packageJSON("index.js"), file{name: "index.js", body: "exports.main = () => ({ from: 'index' })"}, nodeFile("other.js", "niam")),
			Behaviour: `main "other.niam" goes before package.json`},
		{ID: "node-zip-nested-main", run: nodeZip("other.niam.xyz", file{name: "other.js", body: "exports.niam = { xyz: (args) => ({ here: true, ...args }) }"}),
			Behaviour: `main "other.niam.xyz"`},
		{ID: "node-zip-cwd", run: nodeZip("",
			file{name: "index.js", body: "const fs = require('fs')\nexports.main = (args) => ({ here: fs.readFileSync('./test.txt', 'utf8') === 'text' && __dirname === process.cwd(), ...args })"},
			file{name: "test.txt", body: "text"}),
			Behaviour: `a zip's files are in the working directory, which is __dirname`},
		{ID: "node-zip-modules", run: nodeZip("",
			file{name: "index.js", body: "exports.main = (args) => ({ here: require('local').yes, ...args })"},
			file{name: "node_modules/local/package.json", body: `{"name":"local","main":"lib.js"}`},
			file{name: "node_modules/local/lib.js", body: "exports.yes = true"}),
			Behaviour: `node_modules in a zip`},
		{ID: "node-zip-no-entry", run: nodeZipFails("Zipped actions must contain either package.json or index.js at the root.", zipped(file{name: "hello", body: "Hello!"})),
			Behaviour: `a zip with neither → init not 200, "Zipped actions must contain either package.json or index.js at the root."`},
		{ID: "node-zip-is-none", run: nodeZipFails("syntax", archived([]byte("Ceci n'est pas un zip.\n"))),
			Behaviour: `text that is neither a zip nor JavaScript, in base64 → init not 200, the log says so`},
		{ID: "node-zip-module", run: nodeZip("", file{name: "package.json", body: `{"type":"module","main":"start.js"}`},
			file{name: "start.js", body: "import { setTimeout } from 'node:timers/promises'\nimport { yes } from './other.js'\nconst here = await setTimeout(1, yes)\nexport function main(args) { return { here, ...args } }"},
			file{name: "other.js", body: "export const yes = true"}), Own: true,
			Behaviour: `an ES module with await at its top, by "type":"module"`},
		{ID: "node-zip-mjs", run: nodeZip("", file{name: "package.json", body: `{"main":"start.mjs"}`},
			file{name: "start.mjs", body: "export const main = async (args) => ({ here: true, ...args })"}), Own: true,
			Behaviour: `an ES module, by its name`},
	}
}

func packageJSON(main string) file {
	return file{name: "package.json", body: `{"name":"conformance","version":"1.0.0","main":"` + main + `"}`}
}

// nodeFile exports a function that says that it is here.
func nodeFile(name, main string) file {
	return file{name: name, body: "exports." + main + " = (args) => ({ here: true, ...args })\n"}
}

// nodeZip expects the files' function to say that it is here.
func nodeZip(main string, files ...file) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		code := zipped(files...)
		code.main = main
		return s.exchanges(ctx, code, `{"name":"Ada"}`, `{"here":true,"name":"Ada"}`)
	}
}

func nodeZipFails(text string, code action) func(context.Context, *session) error {
	return func(ctx context.Context, s *session) error {
		a, err := s.failInit(ctx, code)
		if err != nil {
			return err
		}
		return a.refuses(0, text, "error")
	}
}
