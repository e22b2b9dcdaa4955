"""One module per kind of target, each with a DESTINATION. Found by looking into this package.

An ARN belongs to the module whose `service` it names, an http:// or https:// URL to the one for "http", kafka://topic
to the one for topics. What has no module is refused when it is configured.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from invocations.arns import Arn, parse_arn
from invocations.decisions.kafka_options import TOPIC_SCHEME, TOPIC_SERVICE
from invocations.destinations.base import Destination, Undeliverable

__all__ = ["Destination", "Undeliverable", "find", "read_target", "registry"]

URL = "http"


@cache
def registry() -> Mapping[str, Destination]:
    """All destinations by the service that an ARN names."""
    modules = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
    found: list[Destination] = [module.DESTINATION for module in modules if hasattr(module, "DESTINATION")]
    return {destination.service: destination for destination in found}


def read_target(target: str) -> Arn | None:
    """Read an ARN, an http(s) URL or kafka://topic; None when it is none of them."""
    if target.startswith(("http://", "https://")):
        return Arn(target, URL, "", "", target)
    if target.startswith(TOPIC_SCHEME):
        return Arn(target, TOPIC_SERVICE, "", "", target.removeprefix(TOPIC_SCHEME))
    return parse_arn(target)


def find(target: str) -> Destination:
    """Return the destination that delivers to an ARN or URL. Raises Undeliverable."""
    parts = read_target(target)
    known = None if parts is None else registry().get(parts.service)
    if known is None:
        raise Undeliverable(f"lambdaplay does not deliver to {target}.", permanent=True)
    return known
