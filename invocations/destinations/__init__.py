"""One module per kind of target, each with a DESTINATION. Found by looking into this package.

An ARN belongs to the module whose `service` it names. What has no module is refused when it is configured.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from invocations.arns import parse_arn
from invocations.destinations.base import Destination, Undeliverable

__all__ = ["Destination", "Undeliverable", "find", "registry"]


@cache
def registry() -> Mapping[str, Destination]:
    """All destinations by the service that an ARN names."""
    modules = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
    found: list[Destination] = [module.DESTINATION for module in modules if hasattr(module, "DESTINATION")]
    return {destination.service: destination for destination in found}


def find(arn: str) -> Destination:
    """Return the destination that delivers to an ARN. Raises Undeliverable."""
    parts = parse_arn(arn)
    known = None if parts is None else registry().get(parts.service)
    if known is None:
        raise Undeliverable(f"lambdaplay does not deliver to {arn}.", permanent=True)
    return known
