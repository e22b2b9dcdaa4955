"""The runtime families, and which of them runs an AWS runtime identifier. Found out once per process."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from invocations.errors import InvalidRuntime
from invocations.runtime.runtimes import python
from invocations.runtime.runtimes.base import NO_LAYERS, Discovery, Family, Launch, Layered

__all__ = ["Discovery", "Launch", "Layered", "discover", "launch", "other_pythons", "prefixes", "unrunnable"]

_NO_VARIABLES: Mapping[str, str] = {}
# In AWS's list, but nobody has written the client: they are accepted at create and refused at invoke, by name.
_ABSENT = {"java": "Java", "dotnet": ".NET", "ruby": "Ruby", "go": "Go"}


def _families() -> list[Family]:
    """Each module of this package that defines FAMILY."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return [module.FAMILY for module in modules if hasattr(module, "FAMILY")]


_FAMILIES = _families()


def launch(
    runtime: str, variables: Mapping[str, str] = _NO_VARIABLES, memory_mb: int = 128, layered: Layered = NO_LAYERS
) -> Launch:
    """How to start an environment of this AWS runtime with these variables and layers of the function's own.

    Raises InvalidRuntime, with a sentence that names the runtime, when this machine cannot run it.
    """
    reason = unrunnable(runtime)
    if reason is not None:
        raise InvalidRuntime(reason)
    return _family(runtime).launch(runtime, variables, memory_mb, layered)


def unrunnable(runtime: str) -> str | None:
    """Why this machine cannot run the AWS runtime, as one sentence; None: it can."""
    for family in _FAMILIES:
        if family.runs(runtime):
            return family.unrunnable(runtime)
    for prefix, language in _ABSENT.items():
        if runtime.startswith(prefix):
            return f"This machine cannot run {runtime}: lambdaplay has no runtime for {language}. {_WHAT_RUNS}"
    return f"This machine cannot run {runtime}: the name is not known. {_WHAT_RUNS}"


_WHAT_RUNS = "It runs python3.x, nodejs*.x and provided.al2 or provided.al2023 (a bootstrap in any language)."


def discover() -> list[Discovery]:
    """What this machine has of each family; may take a second on the first call."""
    return [family.discovery() for family in _FAMILIES]


def prefixes() -> tuple[str, ...]:
    """Every folder outside /usr that an interpreter needs, to be bound into jails under the same path."""
    return tuple(dict.fromkeys(folder for family in _FAMILIES for folder in family.prefixes()))


def other_pythons() -> tuple[str, ...]:
    """The Python interpreters, besides the server's own, that functions may be started with."""
    return python.FAMILY.executables()


def _family(runtime: str) -> Family:
    return next(family for family in _FAMILIES if family.runs(runtime))
