"""One module per kind of source, each with a SOURCE. Found by looking into this package.

A mapping's `source` is the `kind` of its module. A kind that has no module is refused when a mapping is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from invocations.sources.base import OpenQueue, QueueSource, Source, SourceBusy, SourceTrouble, StreamSource

__all__ = [
    "OpenQueue",
    "QueueSource",
    "Source",
    "SourceBusy",
    "SourceTrouble",
    "StreamSource",
    "queue",
    "registry",
    "stream",
]


@cache
def registry() -> Mapping[str, Source]:
    """All sources by their kind."""
    modules = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
    found: list[Source] = [module.SOURCE for module in modules if hasattr(module, "SOURCE")]
    return {source.kind: source for source in found}


def queue(kind: str, arn: str) -> QueueSource:
    source = registry()[kind].at(arn)
    assert isinstance(source, QueueSource)
    return source


def stream(kind: str, arn: str) -> StreamSource:
    source = registry()[kind].at(arn)
    assert isinstance(source, StreamSource)
    return source
