// process.stdout and process.stderr of an action: streams that can be ended like
// any other, and written to all the same, as the log is there for later runs.
"use strict";

const { Writable } = require("node:stream");

const { nextTick } = process; // the action may replace what is global
const { apply } = Reflect;
const DESTROYED = Symbol.for("nodejs.stream.destroyed"); // Node's mark of a stream that it destroyed

// Log prints what is written to it, for the run that writes. A write is out when
// it returns, so that nothing is lost when the process ends.
class Log extends Writable {
  #current; // returns the run that is being executed, undefined where one process has one
  #print;
  #owners = new WeakMap(); // of listeners: the run that added them

  constructor(fd, current, print) {
    super({ highWaterMark: Number.MAX_SAFE_INTEGER }); // "drain" would reach a run that waits in another's context
    this.fd = fd;
    this._type = "pipe";
    this.#current = current;
    this.#print = print;
    this.setMaxListeners(0); // runs at once add more than a warning allows
    this.on("newListener", (_, listener) => this.#owners.set(listener, current()));
  }

  _write(chunk, encoding, done) {
    this.#print(this.#current(), this.fd, chunk);
    done();
  }

  end(...args) {
    const done = typeof args.at(-1) === "function" ? args.pop() : undefined;
    if (args[0] != null) this.write(...args);
    const run = this.#current();
    nextTick(() => {
      done?.();
      this.#tell(run, "finish");
      this.#tell(run, "close");
    });
    return this;
  }

  get [DESTROYED]() { return false; }
  set [DESTROYED](_) {}

  // destroy keeps its error to itself: a pipe would hand it to all runs.
  destroy() {
    const run = this.#current();
    nextTick(() => this.#tell(run, "close"));
    return this;
  }

  cork() {}
  uncork() {}

  // tell lets a run's listeners know that it ended the stream. Those of other runs
  // are not told, and what is piped here goes on.
  #tell(run, event) {
    const cut = [];
    const note = (source) => cut.push(source);
    this.on("unpipe", note);
    try {
      for (const listener of this.rawListeners(event)) {
        const owner = this.#owners.get(listener.listener ?? listener);
        if (!owner || !run || owner === run) apply(listener, this, []);
      }
    } finally {
      this.off("unpipe", note);
      for (const source of cut) if (!source.destroyed) source.pipe(this);
    }
  }
}

module.exports = { Log };
