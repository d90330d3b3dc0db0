// Finds an action's function in its folder.
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const vm = require("node:vm");

const follow = (object, names) => names.split(".").reduce((value, name) => value?.[name], object);
const importFile = (file) => import(pathToFileURL(file).href);

// alone returns the function that is all a module exports, if main is the default.
const alone = (exported, main) => (main === "main" && typeof exported === "function" ? exported : undefined);

async function load(given, main, archive) {
  const folder = fs.realpathSync(given); // as process.cwd() has it
  const found = archive ? await fromArchive(folder, main) : await fromText(path.join(folder, "index.js"), main);
  if (typeof found !== "function") throw new TypeError(`the action has no function '${main}'`);
  return found;
}

// NAMES matches what can be looked up by writing it at the end of a program.
const NAMES = /^[\p{ID_Start}$_][\p{ID_Continue}$]*(\.[\p{ID_Start}$_][\p{ID_Continue}$]*)*$/u;

// asExpression returns main if it can stand in a program: "delete" cannot.
function asExpression(main) {
  try {
    if (NAMES.test(main)) new vm.Script(`(${main})`);
    return NAMES.test(main) ? main : "undefined";
  } catch {
    return "undefined";
  }
}

// Node's messages for a program that only makes sense as an ES module.
const MODULE_SYNTAX = /import statement outside a module|Unexpected token 'export'|'import\.meta'|await is only valid in/;

// fromText runs source text as a module. Only the module's own last line can see a
// function that it declares and does not export. It has a parent, so that it does
// not act as the main program.
async function fromText(file, main) {
  const module = new Module(file, require.main);
  module.filename = file;
  module.paths = Module._nodeModulePaths(path.dirname(file));
  const exported = module.exports;
  const source = fs.readFileSync(file, "utf8");
  try {
    vm.compileFunction(source, ["exports", "require", "module", "__filename", "__dirname"], { filename: file });
  } catch (error) {
    if (MODULE_SYNTAX.test(error.message)) return fromModule(asModule(file), main);
    throw error;
  }
  const slot = Symbol.for("whiskaway.main");
  const tail = `\n;try { module[Symbol.for("whiskaway.main")] = ${asExpression(main)}; } catch {}`;
  module._compile(source + tail, file, "commonjs");
  const found = [module[slot], follow(module.exports, main), follow(exported, main), follow(globalThis, main), alone(module.exports, main)];
  return found.find((value) => typeof value === "function");
}

// asModule gives a file a name that shows that it is a module.
function asModule(file) {
  const named = file.replace(/\.js$/, ".mjs");
  if (!fs.existsSync(named)) fs.linkSync(file, named);
  return named;
}

// fromArchive takes main from package.json's file or index.js. For other.main the
// file is other.js.
async function fromArchive(folder, main) {
  const dot = main.indexOf(".");
  const entry = resolve(dot < 0 ? folder : path.join(folder, main.slice(0, dot)));
  const name = main.slice(dot + 1);
  if (entry.endsWith(".mjs") || (entry.endsWith(".js") && isModule(folder))) return fromModule(entry, name);
  try {
    const exported = require(entry);
    return follow(exported, name) ?? alone(exported, name);
  } catch (error) {
    if (error.code === "ERR_REQUIRE_ESM" || error.code === "ERR_REQUIRE_ASYNC_MODULE") return fromModule(entry, name);
    throw error;
  }
}

function resolve(file) {
  try {
    return require.resolve(file);
  } catch (error) {
    const found = [`${file}.mjs`, path.join(file, "index.mjs")].find((name) => fs.existsSync(name));
    if (found) return found;
    throw error;
  }
}

function isModule(folder) {
  try {
    const text = fs.readFileSync(path.join(folder, "package.json"), "utf8");
    return JSON.parse(text.replace(/^\ufeff/, "")).type === "module";
  } catch {
    return false;
  }
}

async function fromModule(file, name) {
  const exported = await importFile(file);
  const found = follow(exported, name) ?? follow(exported.default, name);
  return found === undefined && name === "main" ? exported.default : found;
}

// hint says what to do about a module that is missing on the host.
function hint(error) {
  const missing = /^Cannot find (module|package) '([^'./][^']*)'/.exec(error?.message ?? "");
  if (!missing || !/^(ERR_)?MODULE_NOT_FOUND$/.test(error.code)) return "";
  const [, what, name] = missing;
  const bring = "zip the action with it in node_modules, or in the dependencies of a package.json";
  if (what === "package") {
    return `There is no '${name}' in the action's archive, and import finds no global modules: ${bring}, or use createRequire.\n`;
  }
  return `There is no '${name}' in the action's archive, and none on the server's host (${process.env.NODE_PATH}): ${bring}, or install it on that host with npm install -g ${name}.\n`;
}

module.exports = { hint, load };
