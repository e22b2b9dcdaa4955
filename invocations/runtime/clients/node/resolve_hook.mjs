// modules.mjs for Node versions whose resolve hooks run in a thread of their own.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

let parents = [];

export function initialize(data) {
  parents = data.parents;
}

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND" || /^([./]|[a-z]+:)/.test(specifier)) throw error;
    for (const parent of parents) {
      try {
        return { url: pathToFileURL(createRequire(parent).resolve(specifier)).href, shortCircuit: true };
      } catch {
        continue;
      }
    }
    throw error;
  }
}
