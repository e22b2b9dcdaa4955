// awslambda.streamifyResponse: what the handler writes to its stream goes to the Runtime API as it is written.

import { Writable } from "node:stream";

import { invalidStreamingOperation, malformedStreamingHandler, payloadOf } from "./errors.mjs";

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");
const INTEGRATION = "application/vnd.awslambda.http-integration-response";
const DELIMITER = Buffer.alloc(8);

/** The handler's second argument. Nothing is sent before the first write, or the end. */
class ResponseStream extends Writable {
  _onBeforeFirstWrite = null; // AWS's name: libraries set it
  #open;
  #contentType = "application/octet-stream";
  #written = false;
  #answer = null;
  #failure = null;

  /** `open(contentType)` begins the answer: {write(data, done), end(error) -> Promise}. */
  constructor(open, highWaterMark) {
    super(highWaterMark === undefined ? {} : { highWaterMark });
    this.#open = open;
    this.sent = new Promise((resolve, reject) => {
      this.once("finish", resolve).once("error", reject);
      this.once("close", () => reject(new Error("Response stream is not finished.")));
    });
    this.sent.catch(() => {}); // the handler's own error comes first
  }

  setContentType(type) {
    if (this.#written) throw invalidStreamingOperation("Cannot set content-type, too late.");
    this.#contentType = type;
  }

  write(chunk, encoding, callback) {
    this.#beforeFirst();
    const sendable = typeof chunk === "string" || chunk instanceof Uint8Array;
    return super.write(sendable ? chunk : JSON.stringify(chunk), encoding, callback);
  }

  end(chunk, encoding, callback) {
    if (typeof chunk === "function") return this.end(undefined, undefined, chunk);
    if (typeof encoding === "function") return this.end(chunk, undefined, encoding);
    if (!this.#written && typeof this._onBeforeFirstWrite === "function") {
      console.warn("lambdaplay: on AWS the metadata leaves with the first write(); end() alone would not send it.");
      this.#beforeFirst();
    }
    if (chunk !== undefined && chunk !== null) this.write(chunk, encoding);
    return super.end(callback);
  }

  #beforeFirst() {
    if (this.#written) return;
    this.#written = true;
    this._onBeforeFirstWrite?.((chunk) => super.write(chunk));
  }

  _write(chunk, encoding, done) {
    if (chunk.length === 0) done(); // in chunks of HTTP it would be the end
    else this.#opened().write(chunk, done);
  }

  _final(done) {
    this.#opened().end(this.#failure).then(() => done(), done);
  }

  #opened() {
    this.#written = true;
    this.#answer ??= this.#open(this.#contentType);
    return this.#answer;
  }

  /** Declare the answer failed, after what was written. Too late once it was ended. */
  async fail(error) {
    if (this.writableEnded) return this.sent.catch(() => {});
    this.#failure = error;
    if (this.destroyed) {
      await this.#opened().end(error);
    } else {
      super.end();
      await this.sent;
    }
  }
}

export function installGlobals() {
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = "response";
      if (options?.highWaterMark !== undefined) handler[HIGH_WATER_MARK] = parseInt(options.highWaterMark);
      return handler;
    },
    HttpResponseStream: {
      /** Status and headers for a function URL: JSON, eight NUL bytes, then the body. */
      from(stream, metadata) {
        stream.setContentType(INTEGRATION);
        const prelude = JSON.stringify(metadata);
        stream._onBeforeFirstWrite = (write) => {
          write(prelude);
          write(DELIMITER);
        };
        return stream;
      },
    },
  };
}

export const isStreaming = (handler) => handler[STREAMING] === "response";

/** Run the handler to the end of its stream. `logError(error)` hears what it throws; the caller gets it after the rest. */
export async function streamed(handler, event, context, open, logError) {
  const stream = new ResponseStream(open, handler[HIGH_WATER_MARK]);
  try {
    const returned = handler(event, stream, context);
    if (typeof returned?.then !== "function") throw malformedStreamingHandler("Streaming does not support non-async handlers.");
    if ((await returned) !== undefined) console.warn("Streaming handlers ignore return values.");
    await stream.sent;
  } catch (error) {
    logError(error);
    await stream.fail(payloadOf(error));
  }
}
