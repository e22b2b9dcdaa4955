"""Lambda."""

from __future__ import annotations

from collections.abc import Callable

from invocations import limits
from invocations.wire.call import Answer, Call
from invocations.wire.services.lambda_ import account, aliases, concurrency, event_invoke, functions, refused, versions
from invocations.wire.services.lambda_.invoke import direct
from invocations.wire.services.lambda_.names import split_qualifier as prepare

__all__ = ["LIMITS", "MODEL", "OPERATIONS", "SERVICE", "UNCHECKED", "direct", "prepare"]

SERVICE = "lambda"
MODEL = "lambda"

OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    **functions.OPERATIONS,
    **versions.OPERATIONS,
    **aliases.OPERATIONS,
    **concurrency.OPERATIONS,
    **event_invoke.OPERATIONS,
    **account.OPERATIONS,
    **refused.OPERATIONS,
}
LIMITS = {
    "CreateFunction": limits.CREATE_REQUEST_BYTES,
    "UpdateFunctionCode": limits.CREATE_REQUEST_BYTES,
}
# An unknown runtime has a text of its own, InvalidParameterValueException; the flow says it.
UNCHECKED = {"CreateFunction": ("runtime",), "UpdateFunctionConfiguration": ("runtime",)}
