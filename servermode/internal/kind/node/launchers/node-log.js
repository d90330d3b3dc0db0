// process.stdout and process.stderr of an action. They can be ended like any other
// stream, and still be written to, because later runs use the log too.
"use strict";

const { Writable } = require("node:stream");

const { nextTick } = process; // the action may replace globals
const { apply } = Reflect;
const DESTROYED = Symbol.for("nodejs.stream.destroyed"); // Node's mark of a stream that it destroyed

// Log prints what is written to it, for the run that writes. It writes
// synchronously, so that nothing is lost when the process ends.
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

  // destroy does not pass on its error, which a pipe would hand to all runs.
  destroy() {
    const run = this.#current();
    nextTick(() => this.#tell(run, "close"));
    return this;
  }

  cork() {}
  uncork() {}

  // tell informs a run's listeners that it ended the stream. Listeners of other runs
  // are not called, and pipes into the stream are restored.
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
