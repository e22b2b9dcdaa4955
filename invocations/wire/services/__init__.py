"""One file or package per service, each with SERVICE (its signing name), MODEL (botocore's name) and OPERATIONS.

A module may add LIMITS (bytes of body by operation), UNCHECKED (field paths whose constraints it judges itself, by
operation), WAITS (operations that may wait, and so take a database connection only when they need one), `prepare` (a
last look at the members before they are validated), `direct`, a function that recognises a request which needs no model
(Lambda's Invoke), UNSIGNED (operations of the query protocol that a GET without a signature may ask for), and `others`,
who answers those operations of the model that are not in OPERATIONS (IAM's, but for access keys: the companion).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.model import OperationModel

from invocations.values import Caller
from invocations.wire.call import Answer, Call
from invocations.wire.http import Request, Response
from invocations.wire.plan import Plan


@dataclass(frozen=True)
class Service:
    """A service that we answer ourselves."""

    name: str
    model: str
    operations: Mapping[str, Callable[[Call], Answer]]
    limits: Mapping[str, int]
    unchecked: Mapping[str, Container[str]]
    prepare: Callable[[OperationModel, dict[str, Any]], None] | None
    direct: Callable[[Request], Plan | None] | None
    waits: Container[str] = ()
    unsigned: Container[str] = ()
    others: Callable[[Request, str, Caller, bytes], Response] | None = None


@cache
def registry() -> Mapping[str, Service]:
    """All services by signing name, found by looking into this package."""
    found = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        found[module.SERVICE] = Service(
            module.SERVICE,
            module.MODEL,
            module.OPERATIONS,
            getattr(module, "LIMITS", {}),
            getattr(module, "UNCHECKED", {}),
            getattr(module, "prepare", None),
            getattr(module, "direct", None),
            getattr(module, "WAITS", ()),
            getattr(module, "UNSIGNED", ()),
            getattr(module, "others", None),
        )
    return found
