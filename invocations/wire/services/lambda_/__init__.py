"""Lambda."""

from __future__ import annotations

from collections.abc import Callable

from invocations import limits
from invocations.wire.call import Answer, Call
from invocations.wire.http import Request
from invocations.wire.plan import Plan
from invocations.wire.services.lambda_ import (
    account,
    aliases,
    code_signing,
    concurrency,
    event_invoke,
    functions,
    invoke,
    invoke_async,
    invoke_streaming,
    layers,
    mappings,
    permissions,
    provisioning,
    runtime_management,
    tags,
    urls,
    versions,
)
from invocations.wire.services.lambda_.names import split_qualifier as prepare

__all__ = ["LIMITS", "MODEL", "OPERATIONS", "SERVICE", "UNCHECKED", "direct", "prepare"]

SERVICE = "lambda"
MODEL = "lambda"

OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    **functions.OPERATIONS,
    **versions.OPERATIONS,
    **aliases.OPERATIONS,
    **concurrency.OPERATIONS,
    **provisioning.OPERATIONS,
    **event_invoke.OPERATIONS,
    **permissions.OPERATIONS,
    **account.OPERATIONS,
    **mappings.OPERATIONS,
    **urls.OPERATIONS,
    **invoke_async.OPERATIONS,
    **layers.OPERATIONS,
    **tags.OPERATIONS,
    **runtime_management.OPERATIONS,
    **code_signing.OPERATIONS,
}
LIMITS = {
    "CreateFunction": limits.CREATE_REQUEST_BYTES,
    "UpdateFunctionCode": limits.CREATE_REQUEST_BYTES,
    "PublishLayerVersion": limits.CREATE_REQUEST_BYTES,
}
# An unknown runtime has a text of its own, InvalidParameterValueException; the flow says it.
UNCHECKED = {"CreateFunction": ("runtime",), "UpdateFunctionConfiguration": ("runtime",)}


def direct(request: Request) -> Plan | None:
    """The two ways to invoke, found without the model's routes."""
    return invoke.direct(request) or invoke_streaming.direct(request)
