// What an action threw or rejected, as readable text and as JSON.
"use strict";

const { inspect, types } = require("node:util");
const { hint } = require("./node-load.js");

const { stringify } = JSON; // the action may replace globals
const { isBuffer } = Buffer;
const bytesOf = Buffer.from.bind(Buffer);
const { isArray } = Array;
const { keys } = Object;

// COMMON are members that are kept wherever they are defined, if they are text. An
// error's name is its class's, and its message and stack are not enumerable.
const COMMON = ["name", "message", "stack", "code"];
const MOST = 100_000; // the most members of a reason that are looked at

const isError = (error) => types.isNativeError(error) || error instanceof Error;

function text(error) {
  try {
    return typeof error === "string" || isError(error) ? String(error) : inspect(error);
  } catch {
    return "an error that has no text";
  }
}

function trace(error) {
  let stack;
  try {
    stack = isError(error) && error.stack ? inspect(error) : text(error);
  } catch {
    stack = text(error);
  }
  return bytesOf(`${/error/i.test(stack) ? "" : "Error: "}${stack}\n${hint(error)}`);
}

function common(from, to = Object.create(null)) {
  for (const name of COMMON) {
    if (typeof from[name] === "string") to[name] = from[name];
  }
  return to;
}

// plain copies the enumerable and the common members. within has the objects that
// contain from; left counts down the members that may still be looked at.
function plain(from, within, left) {
  if (typeof from.toJSON === "function") return from.toJSON();
  const to = isArray(from) ? [] : Object.create(null);
  within.add(from);
  for (const key of keys(from)) {
    try {
      const value = member(from[key], within, left);
      if (value !== undefined) to[key] = value;
    } catch {} // it cannot be read, or nests too deeply
  }
  within.delete(from);
  return common(from, to);
}

function member(value, within, left) {
  if (left.count-- <= 0 || typeof value === "function") return undefined;
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (isBuffer(value)) return "[object Buffer]";
  if (typeof value.pipe === "function") return "[object Stream]";
  return within.has(value) ? "[Circular]" : plain(value, within, left);
}

function whole(error) {
  if (!error) return {}; // as in reject()
  if (typeof error === "function") return `[Function: ${error.name || "anonymous"}]`;
  if (typeof error === "symbol" || typeof error === "bigint") return text(error);
  return typeof error === "object" ? plain(error, new Set(), { count: MOST }) : error;
}

// rejection returns the result of an action whose promise was rejected, as JSON. Of
// what JSON cannot hold it keeps the common members, or the text.
function rejection(error) {
  for (const form of [whole, (error) => common(error), text]) {
    try {
      const json = stringify(form(error));
      if (json !== undefined) return `{"error":${json}}`;
    } catch {} // try a simpler one
  }
}

module.exports = { rejection, text, trace };
