// Runs a JavaScript action: node.js FOLDER MAIN text|archive one|many.
//
// A request is a line on stdin: the run's number, a space, one JSON object. Answers
// go to descriptor 3. The first is a line, {"ok":true} or {"error":"…"}, when the
// action is loaded. Frames follow (node-channel.js). A result's status is 200, or
// 502 for a throw.
//
// With "many", runs overlap, and each run's prints go out in frames of its own. With
// "one", they go to the real stdout and stderr, where they stay in order with the
// output of children and native code.
"use strict";

const { AsyncLocalStorage } = require("node:async_hooks");
const { Socket } = require("node:net");
const { rejection, text, trace } = require("./node-error.js");
const { load } = require("./node-load.js");
const { Log } = require("./node-log.js");
const { variables, Shared, Single } = require("./node-env.js");
const { reply, requests, sendLog, sendResult, writeReal, STDOUT, STDERR } = require("./node-channel.js");

// The action may replace globals.
const { parse, stringify } = JSON;
const resolved = Promise.resolve.bind(Promise);
const exit = process.exit.bind(process);
const bytesOf = Buffer.from.bind(Buffer);
const joined = Buffer.concat.bind(Buffer);

const [folder, main, form, mode] = process.argv.splice(2);
const runs = mode === "many" ? new AsyncLocalStorage() : null;
const currentRun = () => runs?.getStore();
const environment = runs ? new Shared(() => currentRun()?.variables) : new Single();
const inFlight = new Set();
let action; // undefined while it is being loaded

// print writes to a run's log. Without a run in flight it writes to the real stream,
// which the server gives to the run it chooses.
function print(run, stream, bytes) {
  if (!runs || !run || run.over) {
    writeReal(stream, bytes);
  } else {
    sendLog(run.id, stream, bytes);
  }
}

for (const [name, fd] of [["stdout", STDOUT], ["stderr", STDERR]]) {
  const log = new Log(fd, currentRun, print);
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => log });
}

// encode returns the result's bytes. A value that JSON cannot hold becomes an error.
function encode(value) {
  try {
    return bytesOf(stringify(value === undefined ? {} : value) ?? "null");
  } catch (error) {
    return bytesOf(stringify({ error: text(error) }));
  }
}

function finish(run, status, payload) {
  if (run.over) return; // the run has failed meanwhile
  run.over = true;
  inFlight.delete(run);
  sendResult(run.id, status, payload);
}

function fail(run, error) {
  print(run, STDERR, trace(error));
  finish(run, 502, bytesOf(`An error has occurred: ${text(error)}`));
}

function perform(run, request) {
  let result;
  try {
    const { value, ...fields } = parse(request) ?? {};
    run.variables = variables(fields);
    environment.enter(run.variables);
    result = action(value ?? {});
  } catch (error) {
    fail(run, error);
    return;
  }
  resolved(result).then(
    (value) => finish(run, 200, encode(value)),
    (error) => finish(run, 200, bytesOf(rejection(error))),
  );
}

function start(line) {
  const space = line.indexOf(" ");
  const run = { id: Number(line.slice(0, space)), variables: undefined, over: false };
  inFlight.add(run);
  const request = line.slice(space + 1);
  if (runs) runs.run(run, perform, run, request);
  else perform(run, request);
}

// stray handles uncaught errors. An error ends the run that it comes from. If that
// run is unknown, it ends all runs in flight, but not the process.
function stray(error) {
  if (!action) return refuse(error);
  const from = currentRun();
  if (from?.over || (!from && inFlight.size === 0)) return print(from, STDERR, trace(error));
  for (const run of from ? [from] : [...inFlight]) fail(run, error);
}

for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error) => {
    if (process.listenerCount(event) === 1) stray(error); // otherwise the action has its own handler
  });
}

// refuse ends a failed start. The answer says why. Only the log says where, because
// the folders of the server's host mean nothing to an author.
function refuse(error) {
  print(undefined, STDERR, trace(error));
  const [cause] = text(error).split("\nRequire stack:");
  reply({ error: cause.replaceAll(`${folder}/`, "").slice(0, 1000) });
  exit(1);
}

// SIGTERM is ignored until the server has hung up: a service manager may send it to
// everything that the server has started, while the server lets runs finish. An
// action's own handler then has the time that the server allows.
let hungUp = false;

function hangUp() {
  hungUp = true;
  setInterval(() => {}, 2 ** 30); // keeps the process alive until the handler is called
  endUnlessHandled();
}

function endUnlessHandled() {
  if (hungUp && process.listenerCount("SIGTERM") <= 1) exit(0);
}

process.on("SIGTERM", endUnlessHandled);

function listen() {
  let parts = [];
  const socket = new Socket({ fd: requests, readable: true, writable: false });
  socket.on("data", (chunk) => {
    for (let end; (end = chunk.indexOf(10)) >= 0; chunk = chunk.subarray(end + 1)) {
      parts.push(chunk.subarray(0, end));
      const line = joined(parts).toString();
      parts = [];
      start(line);
    }
    if (chunk.length > 0) parts.push(chunk);
  });
  socket.on("error", () => {}); // close follows
  socket.on("close", hangUp);
}

load(folder, main, form === "archive").then((loaded) => {
  action = loaded;
  reply({ ok: true });
  listen();
}, refuse);
