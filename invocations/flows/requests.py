"""What an invocation request must satisfy, whichever way it is served. Raises AWS's errors in AWS's order."""

from __future__ import annotations

import os

from invocations import clock
from invocations.decisions.payloads import decode_client_context, json_error
from invocations.decisions.tracing import continue_trace
from invocations.errors import InvalidRequestContent, RequestEntityTooLarge, ResourceConflict
from invocations.flows import catalog
from invocations.models import FunctionVersion
from invocations.values import Event, InvokeRequest


def check_size(request: InvokeRequest, limit: int) -> None:
    if len(request.payload) > limit:
        raise RequestEntityTooLarge(f"Request must be smaller than {limit} bytes for the InvokeFunction operation")


def check_state(route: catalog.Route) -> None:
    if route.state != FunctionVersion.State.ACTIVE:
        raise ResourceConflict(
            "The operation cannot be performed at this time. "
            f"The function is currently in the following state: {route.state}"
        )


def read_event(request: InvokeRequest, request_id: str, route: catalog.Route) -> Event:
    payload = request.payload or b"{}"
    problem = None if request.own_payload else json_error(payload)
    if problem is not None:
        raise InvalidRequestContent(
            f"Could not parse request body into json: Could not parse payload into json: {problem}"
        )
    context = None
    if request.client_context is not None:
        context = decode_client_context(request.client_context)
        if context is None:
            raise InvalidRequestContent("Client context must be a valid Base64-encoded JSON object.")
    now = clock.real().timestamp()  # functions see it, and they see real time
    header = continue_trace(request.trace_header, now=now, random=os.urandom(20))
    return Event(request_id, payload, route.arn, header, context)


def qualifier_of(arn: str) -> str:
    """Return the qualifier of a function ARN as the caller named it, "" when they named none."""
    return arn.split(":function:")[1].partition(":")[2]
