// ES modules do not look into NODE_PATH; on AWS they find layers and the SDK nevertheless. Only if there is anything.

import { existsSync } from "node:fs";
import module from "node:module";

export function findModulesOnNodePath() {
  const folders = (process.env.NODE_PATH ?? "").split(":").filter((folder) => folder !== "" && existsSync(folder));
  const elsewhere = folders.filter((folder) => folder !== process.env.LAMBDA_TASK_ROOT);
  if (elsewhere.length === 0) return;
  const parents = elsewhere.map((folder) => new URL(`file://${folder}/`).href);
  if (typeof module.registerHooks === "function") {
    module.registerHooks({ resolve: (specifier, context, next) => resolveFrom(parents, specifier, context, next) });
  } else if (typeof module.register === "function") {
    module.register("./resolve_hook.mjs", import.meta.url, { data: { parents } });
  }
}

function resolveFrom(parents, specifier, context, next) {
  try {
    return next(specifier, context);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND" || !isBare(specifier)) throw error;
    for (const parent of parents) {
      try {
        return { url: new URL(`file://${module.createRequire(parent).resolve(specifier)}`).href, shortCircuit: true };
      } catch {
        continue;
      }
    }
    throw error;
  }
}

const isBare = (specifier) => !/^([./]|[a-z]+:)/.test(specifier);
