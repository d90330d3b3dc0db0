// The __OW_ variables of runs in process.env: those that the process started with,
// and over them each run's own.
"use strict";

const { stringify } = JSON; // the action may replace globals
const { entries, hasOwn, keys } = Object;

function variables(fields) {
  const out = Object.create(null);
  for (const [name, value] of entries(fields)) {
    out[`__OW_${name.toUpperCase()}`] = typeof value === "string" ? value : stringify(value);
  }
  return out;
}

// Single puts them into the real environment, for one run at a time.
class Single {
  #initial = { ...process.env };
  #names = [];

  enter(variables) {
    for (const name of this.#names) {
      if (hasOwn(this.#initial, name)) process.env[name] = this.#initial[name];
      else delete process.env[name];
    }
    this.#names = keys(variables);
    for (const name of this.#names) process.env[name] = variables[name];
  }
}

// Shared is for runs that overlap. process.env shows each run its own, and passes
// them to child processes that it starts. Only native code sees the bare
// environment.
class Shared {
  constructor(current) {
    const base = process.env;
    const mine = (name) => {
      const own = current();
      return own && hasOwn(own, name) ? own : undefined;
    };
    process.env = new Proxy(base, {
      get: (_, name) => (mine(name) ?? base)[name],
      has: (_, name) => mine(name) !== undefined || name in base,
      set: (_, name, value) => Reflect.set(mine(name) ?? base, name, mine(name) ? String(value) : value),
      deleteProperty: (_, name) => Reflect.deleteProperty(mine(name) ?? base, name),
      ownKeys: () => [...new Set([...Reflect.ownKeys(base), ...keys(current() ?? {})])],
      getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(mine(name) ?? base, name),
    });
  }

  enter() {}
}

module.exports = { variables, Shared, Single };
