"""A function: the record becomes the event of an asynchronous invocation."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from invocations.arns import Arn
from invocations.destinations.base import (
    NO_PERMISSIONS,
    NO_RESOURCE,
    ON_FAILURE,
    ON_SUCCESS,
    OUTCOMES,
    Attributes,
    Context,
    Destination,
    Undeliverable,
)
from invocations.errors import (
    InvalidParameterValue,
    InvalidRequestContent,
    Refusal,
    RequestEntityTooLarge,
    ResourceNotFound,
)
from invocations.models import Invocation
from invocations.values import Caller, InvokeRequest, Scope

Invoke = Callable[[InvokeRequest, int, str], object]  # request, hops, the request id of what caused it
Allows = Callable[[str, str, str, str], bool]  # function ARN, principal, source ARN, source account

_NEVER = (RequestEntityTooLarge, InvalidRequestContent, InvalidParameterValue)
_invoke: list[Invoke] = []
_allows: list[Allows] = []


def register(invoke: Invoke, allows: Allows) -> None:
    """Tell this room how functions are invoked, and who may (apps.py does)."""
    _invoke[:] = [invoke]
    _allows[:] = [allows]


def send(arn: Arn, body: bytes, attributes: Attributes, context: Context) -> None:
    """Have the record accepted as an event; a repeat finds it accepted under the same request id.

    A service (topic, rule) needs a statement in the function's policy and gives up at once without one.
    """
    request_id = request_id_of(context)
    if _accepted(request_id):
        return
    _check_permission(arn, context)
    door = "destination" if context.kind in OUTCOMES else context.kind
    request = InvokeRequest(
        caller=Caller(Scope(arn.account, arn.region), door, context.function, context.function_arn),
        function=arn.text,
        payload=body,
        invocation_type="Event",
        trace_header=f"Root={context.trace_id}" if context.trace_id else None,
        request_id=request_id,
    )
    try:
        _invoke[0](request, context.hops, context.caused_by)
    except Refusal as refusal:
        if not _accepted(request_id):
            missing = isinstance(refusal, ResourceNotFound)
            never = isinstance(refusal, _NEVER) or (missing and bool(context.principal))
            raise Undeliverable(refusal.message, permanent=never, code=NO_RESOURCE if missing else "") from refusal


def _check_permission(arn: Arn, context: Context) -> None:
    if context.principal and not _allows[0](arn.text, context.principal, context.policy_arn, context.scope.account):
        raise Undeliverable(
            f"The policy of {arn.text} does not allow {context.principal} to invoke it for {context.policy_arn}.",
            permanent=True,
            code=NO_PERMISSIONS,
        )


def request_id_of(context: Context) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, context.key))


def _accepted(request_id: str) -> bool:
    return Invocation.objects.filter(request_id=request_id).exists()


DESTINATION = Destination("lambda", frozenset({ON_SUCCESS, ON_FAILURE}), send, quick=True)
