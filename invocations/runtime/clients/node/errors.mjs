// Errors in the shapes that AWS's Node runtime reports, and its own error types.

import { types } from "node:util";

class RuntimeError extends Error {
  constructor(name, reason) {
    super(reason?.toString?.() ?? String(reason));
    this.name = name;
    const stack = types.isNativeError(reason) ? reason.stack : this.stack;
    const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
    this.stack = [`${name}: ${this.message}`, ...frames].join("\n");
  }
}

const make = (name) => (reason) => new RuntimeError(name, reason);

export const importModuleError = make("Runtime.ImportModuleError");
export const userCodeSyntaxError = make("Runtime.UserCodeSyntaxError");
export const handlerNotFound = make("Runtime.HandlerNotFound");
export const malformedHandlerName = make("Runtime.MalformedHandlerName");
export const malformedStreamingHandler = make("Runtime.MalformedStreamingHandler");
export const invalidStreamingOperation = make("Runtime.InvalidStreamingOperation");
export const callbackHandlerDeprecated = make("Runtime.CallbackHandlerDeprecated");

export function unhandledPromiseRejection(reason) {
  const error = new RuntimeError("Runtime.UnhandledPromiseRejection", reason);
  error.reason = reason;
  return error;
}

function isError(value) {
  return types.isNativeError(value) || (value !== null && typeof value === "object" && "message" in value && "stack" in value);
}

/** {errorType, errorMessage, trace}: what the caller gets. */
export function payloadOf(error) {
  if (!isError(error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  return {
    errorType: String(error.name),
    errorMessage: String(error.message),
    trace: String(error.stack ?? "").split("\n"),
  };
}

/** The same for a log line: own properties of the error included. */
export function loggableOf(error) {
  if (!isError(error)) {
    return { errorType: typeof error, errorMessage: String(error), stack: [] };
  }
  const own = Object.fromEntries(Object.entries(error).filter(([name]) => name !== "name"));
  if (isError(own.reason)) own.reason = loggableOf(own.reason);
  return { errorType: error.name, errorMessage: error.message, ...own, stack: String(error.stack ?? "").split("\n") };
}
