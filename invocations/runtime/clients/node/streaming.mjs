// awslambda.streamifyResponse, buffered: the handler writes to a stream, the whole of it becomes the result.

import { Writable } from "node:stream";

import { malformedStreamingHandler } from "./errors.mjs";

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const INTEGRATION = "application/vnd.awslambda.http-integration-response";

class ResponseStream extends Writable {
  contentType = "application/octet-stream";
  #chunks = [];

  _write(chunk, encoding, done) {
    this.#chunks.push(typeof chunk === "string" ? Buffer.from(chunk, encoding) : Buffer.from(chunk));
    done();
  }

  setContentType(type) {
    this.contentType = type;
  }

  body() {
    return Buffer.concat(this.#chunks);
  }
}

export function installGlobals() {
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = "response";
      if (options?.highWaterMark !== undefined) handler.highWaterMark = options.highWaterMark;
      return handler;
    },
    HttpResponseStream: {
      /** Status and headers for a function URL: JSON, eight NUL bytes, then the body. */
      from(stream, metadata) {
        stream.setContentType(INTEGRATION);
        stream.write(JSON.stringify(metadata));
        stream.write(Buffer.alloc(8));
        return stream;
      },
    },
  };
}

export const isStreaming = (handler) => handler[STREAMING] === "response";

/** Run the handler to the end of its stream: {body: Buffer, contentType}. */
export async function collect(handler, event, context) {
  const stream = new ResponseStream();
  const ended = new Promise((resolve, reject) => stream.once("finish", resolve).once("error", reject));
  ended.catch(() => {}); // the handler's own error comes first
  const returned = handler(event, stream, context);
  if (typeof returned?.then !== "function") throw malformedStreamingHandler("Streaming does not support non-async handlers.");
  await returned;
  if (!stream.writableEnded) stream.end();
  await ended;
  return { body: stream.body(), contentType: stream.contentType };
}
