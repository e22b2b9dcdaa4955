// The Lambda Runtime API (2018-06-01) over one kept-alive connection. A plain socket, so that instrumentation which
// patches node:http in the function neither slows nor traces the runtime's own calls.

import net from "node:net";

const PREFIX = "/2018-06-01/runtime";
const ERROR_TYPE = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY = "Lambda-Runtime-Function-Error-Body";
const STREAMED = {
  "Lambda-Runtime-Function-Response-Mode": "streaming",
  "Transfer-Encoding": "chunked",
  Trailer: `${ERROR_TYPE}, ${ERROR_BODY}`,
};
const END_OF_HEAD = Buffer.from("\r\n\r\n");

export class RuntimeApi {
  #address;
  #socket = null;
  #incoming = new Incoming();
  #waiting = null; // {resolve, reject} of the one call under way
  #answered = false;

  constructor(address) {
    this.#address = address;
  }

  /** Wait for an event: {body: Buffer, headers: by lower-case name}. */
  async next() {
    const answer = await this.#call("GET", "/invocation/next");
    if (answer.status !== 200) {
      throw new Error(`Failed to get next: the Runtime API answered ${answer.status}`);
    }
    return answer;
  }

  /** Send a result (Buffer or text). Resolves to the HTTP status: 202, or 413 when it was too large. */
  async respond(requestId, body, contentType) {
    const { status } = await this.#call("POST", `/invocation/${requestId}/response`, body, { "Content-Type": contentType });
    return accepted(status, "result");
  }

  /** Begin a result that is written piece by piece: {write(data, done), end(error or null) -> Promise of the status}. */
  open(requestId, contentType) {
    const socket = this.#socket ?? this.#connect();
    socket.ref();
    const status = new Promise((resolve, reject) => {
      this.#waiting = { resolve: (answer) => resolve(answer.status), reject };
    });
    status.catch(() => {}); // heard by whoever calls end()
    const type = String(contentType).replace(/[^\x20-\x7e]/g, "");
    socket.write(this.#head("POST", `/invocation/${requestId}/response`, { "Content-Type": type, ...STREAMED }));
    return {
      write: (data, done) => {
        socket.cork();
        socket.write(`${data.length.toString(16)}\r\n`);
        socket.write(data);
        socket.write("\r\n", done);
        socket.uncork();
      },
      end: async (error) => {
        const trailers = error === null ? {} : { ...errorType(error), [ERROR_BODY]: base64(JSON.stringify(error)) };
        socket.write(`0\r\n${lines(trailers)}\r\n`);
        return accepted(await status, "result");
      },
    };
  }

  async fail(requestId, error) {
    const { status } = await this.#call("POST", `/invocation/${requestId}/error`, JSON.stringify(error), errorHeaders(error));
    return accepted(status, "error");
  }

  async failInit(error) {
    await this.#call("POST", "/init/error", JSON.stringify(error), errorHeaders(error));
  }

  /** Whether a call is under way: another one cannot be made. */
  get busy() {
    return this.#waiting !== null;
  }

  /** While the handler runs the connection must not keep the event loop alive: its emptiness ends the event. */
  unref() {
    this.#socket?.unref();
  }

  async #call(method, path, body = "", headers = {}) {
    const payload = typeof body === "string" ? Buffer.from(body) : body;
    const head = this.#head(method, path, { ...headers, "Content-Length": payload.length });
    const request = Buffer.concat([Buffer.from(head), payload]);
    try {
      return await this.#exchange(request);
    } catch (error) {
      if (!error.stale) throw error;
      return await this.#exchange(request); // the server had closed the connection between two calls
    }
  }

  #head(method, path, headers) {
    return `${method} ${PREFIX}${path} HTTP/1.1\r\n${lines({ Host: this.#address, ...headers })}\r\n`;
  }

  #exchange(request) {
    const kept = this.#socket !== null;
    const socket = this.#socket ?? this.#connect();
    socket.ref();
    this.#answered = false;
    return new Promise((resolve, reject) => {
      this.#waiting = {
        resolve,
        reject: (error) => reject(Object.assign(error, { stale: kept && !this.#answered })),
      };
      socket.write(request);
    });
  }

  #connect() {
    const at = this.#address.lastIndexOf(":");
    const socket = net.connect(Number(this.#address.slice(at + 1)), this.#address.slice(0, at));
    socket.setNoDelay(true);
    socket.on("data", (data) => this.#receive(data));
    socket.on("error", (error) => this.#lose(socket, error));
    socket.on("close", () => this.#lose(socket, new Error("The Runtime API closed the connection")));
    this.#socket = socket;
    this.#incoming = new Incoming();
    return socket;
  }

  #lose(socket, error) {
    if (this.#socket !== socket) return;
    this.#socket = null;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(error);
  }

  #receive(data) {
    this.#answered = true;
    const answer = this.#incoming.add(data);
    if (answer === null) return;
    this.#incoming = new Incoming();
    const waiting = this.#waiting;
    this.#waiting = null;
    if (answer.headers.connection?.toLowerCase() === "close") {
      const socket = this.#socket;
      this.#socket = null;
      socket.end();
    }
    waiting?.resolve(answer);
  }
}

/** One answer while it arrives. Large bodies are joined once, at the end. */
class Incoming {
  #head = Buffer.alloc(0);
  #answer = null;
  #parts = [];
  #missing = 0;

  /** The whole answer, or null while some of it is missing. */
  add(data) {
    if (this.#answer === null) {
      this.#head = Buffer.concat([this.#head, data]);
      const end = this.#head.indexOf(END_OF_HEAD);
      if (end < 0) return null;
      this.#answer = parseHead(this.#head.toString("utf8", 0, end));
      this.#missing = Number(this.#answer.headers["content-length"] ?? 0);
      data = this.#head.subarray(end + END_OF_HEAD.length);
    }
    this.#parts.push(data);
    this.#missing -= data.length;
    if (this.#missing > 0) return null;
    return { ...this.#answer, body: this.#parts.length === 1 ? data : Buffer.concat(this.#parts) };
  }
}

function parseHead(text) {
  const [first, ...lines] = text.split("\r\n");
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(first.split(" ")[1]), headers };
}

function accepted(status, what) {
  if (status === 202 || status === 413) return status;
  throw new Error(`Failed to post the ${what}: the Runtime API answered ${status}`);
}

const lines = (headers) => Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");

const base64 = (text) => Buffer.from(text).toString("base64");

function errorType(error) {
  const type = String(error.errorType);
  return { [ERROR_TYPE]: /^[\x21-\x7e]{1,256}$/.test(type) ? type : "Error" };
}

const errorHeaders = (error) => ({ "Content-Type": "application/vnd.aws.lambda.error+json", ...errorType(error) });
