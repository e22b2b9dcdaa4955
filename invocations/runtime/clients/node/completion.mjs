// How one event ends: a promise, a callback, or an event loop with nothing left to do.

let onEmptyLoop = null;
process.on("beforeExit", () => {
  const run = onEmptyLoop;
  onEmptyLoop = null;
  run?.();
});

/** Settles `outcome` once; what comes later is ignored, as on AWS. */
export class Completion {
  waitsForEmptyEventLoop = true;
  outcome;
  #resolve;
  #reject;

  constructor() {
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.outcome.catch(() => {}); // a handler may call back with an error and then throw
    // A handler that never answers while nothing is left to run: the result is null.
    onEmptyLoop = () => this.now(null, null);
  }

  /** context.done, succeed, fail, and a promise's end: at once. */
  now = (error, result) => {
    onEmptyLoop = null;
    if (error !== undefined && error !== null) this.#reject(error);
    else this.#resolve(result);
  };

  /** The handler's third argument: waits for the event loop to run empty unless told otherwise. */
  callback = (error, result) => {
    if (error !== undefined && error !== null) this.now(error);
    else if (this.waitsForEmptyEventLoop) onEmptyLoop = () => this.now(null, result);
    else setImmediate(this.now, null, result);
  };
}
