// console as in AWS's Node runtime: each call is one log event on stdout, with time, request id and level.

import { formatWithOptions } from "node:util";
import { writeSync } from "node:fs";

import { loggableOf } from "./errors.mjs";

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const METHODS = { trace: "TRACE", debug: "DEBUG", log: "INFO", info: "INFO", warn: "WARN", error: "ERROR", fatal: "FATAL" };
const AS_JSON = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === "JSON";
const LOWEST = Math.max(0, LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase() ?? "TRACE"));

let requestId; // undefined during init, and printed so

export function setRequestId(id) {
  requestId = id;
}

export function patchConsole() {
  for (const [method, level] of Object.entries(METHODS)) {
    console[method] = LEVELS.indexOf(level) < LOWEST ? () => {} : (...values) => write(level, values);
  }
}

/** An error of the runtime's, e.g. logError("Invoke Error", error). */
export function logError(label, error) {
  if (AS_JSON) {
    write("ERROR", [error]);
    return;
  }
  print(`${now()}\t${requestId}\tERROR\t${label} \t${safeJson(loggableOf(error))}`);
}

function write(level, values) {
  if (AS_JSON) {
    print(safeJson({ timestamp: now(), level, requestId, ...messageOf(values) }));
    return;
  }
  print(`${now()}\t${requestId}\t${level}\t${formatWithOptions({}, ...values)}`);
}

function messageOf(values) {
  const error = values.find((value) => value instanceof Error);
  const alone = values.length === 1 && typeof values[0] === "object" && error === undefined;
  const message = alone ? values[0] : formatWithOptions({}, ...values);
  if (error === undefined) return { message };
  return { errorType: error.name, errorMessage: error.message, stackTrace: error.stack?.split("\n"), message };
}

function safeJson(value) {
  try {
    return JSON.stringify(value);
  } catch {
    return JSON.stringify(formatWithOptions({}, value));
  }
}

const now = () => new Date().toISOString();

/** One event is one line: line ends inside it become carriage returns, which log readers keep together. */
function print(text) {
  let data = Buffer.from(`${text.replaceAll("\n", "\r")}\n`);
  while (data.length > 0) {
    try {
      data = data.subarray(writeSync(1, data));
    } catch (error) {
      if (error.code !== "EAGAIN") return;
    }
  }
}
