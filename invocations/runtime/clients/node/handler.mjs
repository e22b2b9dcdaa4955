// Finding the handler: CommonJS or ES module, by AWS's rules for the name.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

import * as errors from "./errors.mjs";

const require = createRequire(import.meta.url);
const NAME = /^([^.]*)\.(.+)$/; // of the last path part: module, then what it exports (a.b reaches into objects)

/** The function named by `handler` ("dir/file.export") below the task root. Rejects with AWS's error types. */
export async function loadHandler(taskRoot, handler) {
  if (handler.includes("..")) {
    throw errors.malformedHandlerName(
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const last = path.basename(handler);
  const match = NAME.exec(last);
  if (match === null) throw errors.malformedHandlerName("Bad handler");
  const folder = handler.slice(0, handler.length - last.length);
  let found = await loadModule(taskRoot, folder, match[1]);
  for (const name of match[2].split(".")) found = found?.[name];
  if (found === undefined || found === null) {
    throw errors.handlerNotFound(`${handler} is undefined or not exported`);
  }
  if (typeof found !== "function") throw errors.handlerNotFound(`${handler} is not a function`);
  return found;
}

async function loadModule(taskRoot, folder, name) {
  const base = path.resolve(taskRoot, folder, name);
  try {
    for (const file of [`${base}.js`, `${base}.mjs`, `${base}.cjs`]) {
      if (existsSync(file)) return await loadFile(file);
    }
    return require(require.resolve(name, { paths: [taskRoot, path.join(taskRoot, folder)] }));
  } catch (error) {
    if (error instanceof SyntaxError) throw errors.userCodeSyntaxError(error);
    if (error?.code === "MODULE_NOT_FOUND") throw errors.importModuleError(error);
    throw error;
  }
}

async function loadFile(file) {
  if (file.endsWith(".cjs") || (file.endsWith(".js") && !isModuleFolder(path.dirname(file)))) return require(file);
  return import(pathToFileURL(file).href);
}

/** Whether the nearest package.json says that .js files are ES modules. */
function isModuleFolder(folder) {
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, "package.json");
    if (existsSync(file)) {
      try {
        return require(file).type === "module";
      } catch {
        return false;
      }
    }
    if (at === path.dirname(at) || path.basename(at) === "node_modules") return false;
  }
}
