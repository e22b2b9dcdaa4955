"""A function: the record becomes the event of an asynchronous invocation."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from invocations.arns import Arn
from invocations.destinations.base import ON_FAILURE, ON_SUCCESS, Attributes, Context, Destination, Undeliverable
from invocations.errors import InvalidParameterValue, InvalidRequestContent, Refusal, RequestEntityTooLarge
from invocations.models import Invocation
from invocations.values import Caller, InvokeRequest, Scope

Invoke = Callable[[InvokeRequest, int, str], object]  # request, hops, the request id of what caused it

_NEVER = (RequestEntityTooLarge, InvalidRequestContent, InvalidParameterValue)
_invoke: list[Invoke] = []


def register(invoke: Invoke) -> None:
    """Tell this room how functions are invoked (apps.py does)."""
    _invoke[:] = [invoke]


def send(arn: Arn, body: bytes, attributes: Attributes, context: Context) -> None:
    """Have the record accepted as an event; a repeat finds it accepted under the same request id."""
    request_id = request_id_of(context)
    if _accepted(request_id):
        return
    request = InvokeRequest(
        caller=Caller(Scope(arn.account, arn.region), "destination", context.function, context.function_arn),
        function=arn.text,
        payload=body,
        invocation_type="Event",
        trace_header=f"Root={context.trace_id}" if context.trace_id else None,
        request_id=request_id,
    )
    try:
        _invoke[0](request, context.hops + 1, context.request_id)
    except Refusal as refusal:
        if not _accepted(request_id):
            raise Undeliverable(refusal.message, permanent=isinstance(refusal, _NEVER)) from refusal


def request_id_of(context: Context) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, context.key))


def _accepted(request_id: str) -> bool:
    return Invocation.objects.filter(request_id=request_id).exists()


DESTINATION = Destination("lambda", frozenset({ON_SUCCESS, ON_FAILURE}), send)
