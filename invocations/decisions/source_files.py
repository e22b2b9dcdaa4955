"""Which file of a package holds the handler, and what kind of code a runtime runs."""

from __future__ import annotations

import re

KINDS = ("python", "nodejs", "provided")
_MODULE_SYNTAX = re.compile(r"^\s*(export|import)\b", re.MULTILINE)


def kind_of(runtime: str) -> str | None:
    """Return python, nodejs or provided; None for runtimes whose code no editor holds (java, dotnet ...)."""
    return next((kind for kind in KINDS if runtime.startswith(kind)), None)


def source_filename(runtime: str, handler: str, source: str) -> str | None:
    """Name the file that a single source text becomes, so that `handler` finds it; None when it cannot be one."""
    kind = kind_of(runtime)
    if kind == "provided":
        return "bootstrap"
    module, _, function = handler.rpartition(".")
    module = module.replace(".", "/") if kind == "python" else module
    if not module or not function or module.startswith("/") or ".." in module.split("/"):
        return None
    if kind == "python":
        return f"{module}.py"
    if kind == "nodejs":
        return f"{module}.mjs" if _MODULE_SYNTAX.search(source) else f"{module}.js"
    return None
