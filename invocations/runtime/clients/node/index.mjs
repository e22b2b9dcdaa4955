// lambdaplay's Node runtime client: loads the handler, then serves events over the Runtime API, one at a time.

import { Completion } from "./completion.mjs";
import { makeContext } from "./context.mjs";
import { callbackHandlerDeprecated, payloadOf, unhandledPromiseRejection } from "./errors.mjs";
import { loadHandler } from "./handler.mjs";
import { logError, patchConsole, setRequestId } from "./logging.mjs";
import { findModulesOnNodePath } from "./modules.mjs";
import { RuntimeApi } from "./runtime_api.mjs";
import { installGlobals, isStreaming, streamed } from "./streaming.mjs";

const UNCAUGHT_STATUS = 129;
const UNHANDLED_STATUS = 128;
const TOO_LARGE = 413;
// nodejs24 dropped callbacks; the major version is the runtime's, not that of the Node we happen to run on.
const RUNTIME_MAJOR = Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV ?? "")?.[1] ?? process.versions.node.split(".")[0]);
const HAS_CALLBACKS = RUNTIME_MAJOR < 24;

const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API);
let current = null; // the request id being served
let dying = false;

async function main() {
  patchConsole();
  installGlobals();
  findModulesOnNodePath();
  process.on("uncaughtException", (error) => die("Uncaught Exception", error, UNCAUGHT_STATUS));
  process.on("unhandledRejection", (reason) =>
    die("Unhandled Promise Rejection", unhandledPromiseRejection(reason), UNHANDLED_STATUS),
  );
  const handler = await load();
  for (;;) {
    const event = await api.next();
    await serve(handler, event);
  }
}

async function load() {
  try {
    const handler = await loadHandler(process.env.LAMBDA_TASK_ROOT ?? "/var/task", process.env._HANDLER ?? "");
    if (!HAS_CALLBACKS && handler.length >= 3 && !isStreaming(handler)) {
      throw callbackHandlerDeprecated(
        "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need " +
          "to modify this function to use a supported handler signature to use Node.js 24 or later.",
      );
    }
    return handler;
  } catch (error) {
    await die("Uncaught Exception", error, UNCAUGHT_STATUS);
  }
}

/** Report what nobody caught, to the event under way or to the init, and end the process. */
async function die(label, error, status) {
  if (dying) return;
  dying = true;
  logError(label, error);
  if (api.busy) process.exit(status); // between two events: there is nobody to report to
  try {
    await (current === null ? api.failInit(payloadOf(error)) : api.fail(current, payloadOf(error)));
  } finally {
    process.exit(status);
  }
}

async function serve(handler, { headers, body }) {
  current = headers["lambda-runtime-aws-request-id"];
  setRequestId(current);
  setTraceId(headers["lambda-runtime-trace-id"]);
  if (isStreaming(handler)) {
    await serveStream(handler, headers, body);
    return;
  }
  let answer;
  try {
    answer = await run(handler, headers, body);
  } catch (error) {
    logError("Invoke Error", error);
    await tooLarge(api.fail(current, payloadOf(error)));
    return;
  }
  await tooLarge(api.respond(current, answer, "application/json"));
}

/** A streaming handler ends by ending its stream; done, fail and succeed of its context do nothing. */
async function serveStream(handler, headers, body) {
  const context = makeContext(headers, { waitsForEmptyEventLoop: true, now: () => {} }, HAS_CALLBACKS);
  api.unref();
  const open = (contentType) => {
    const answer = api.open(current, contentType);
    return { write: answer.write, end: (error) => tooLarge(answer.end(error)) };
  };
  await streamed(handler, JSON.parse(body.toString("utf8")), context, open, (error) => logError("Invoke Error", error));
}

async function run(handler, headers, body) {
  const completion = new Completion();
  const context = makeContext(headers, completion, HAS_CALLBACKS);
  const event = JSON.parse(body.toString("utf8"));
  api.unref();
  const returned = HAS_CALLBACKS ? handler(event, context, completion.callback) : handler(event, context);
  if (typeof returned?.then === "function") {
    returned.then((result) => completion.now(null, result), fail(completion));
  } else if (!HAS_CALLBACKS) {
    completion.now(null, returned);
  }
  return serialise(await completion.outcome);
}

/** Reject with whatever was thrown, `undefined` included. */
const fail = (completion) => (error) => completion.now(error ?? new Error(String(error)));

function serialise(result) {
  let text;
  try {
    text = JSON.stringify(result === undefined ? null : result);
  } catch {
    throw new Error("Unable to stringify response body");
  }
  return text ?? "null";
}

async function tooLarge(posted) {
  if ((await posted) === TOO_LARGE) {
    process.stderr.write(`[ERROR] [${Date.now()}] LAMBDA_RUNTIME Failed to post handler response. Http response code: 413.\n`);
  }
}

function setTraceId(traceId) {
  if (traceId) process.env._X_AMZN_TRACE_ID = traceId;
  else delete process.env._X_AMZN_TRACE_ID;
}

main().catch((error) => die("Runtime Error", error, 1));
