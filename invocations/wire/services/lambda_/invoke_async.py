"""InvokeAsync, the deprecated way to send an event: no qualifier, no trace, 256 KB."""

from __future__ import annotations

from collections.abc import Callable

from invocations import limits
from invocations.errors import RequestEntityTooLarge
from invocations.flows.accept import accept
from invocations.values import InvokeRequest
from invocations.wire.call import Answer, Call


def invoke_async(call: Call) -> Answer:
    if len(call.body) > limits.INVOKE_ASYNC_BYTES:
        raise RequestEntityTooLarge(
            f"Request must be smaller than {limits.INVOKE_ASYNC_BYTES} bytes for the InvokeAsync operation"
        )
    accept(InvokeRequest(call.caller, call.params["FunctionName"], call.body, invocation_type="Event"))
    return Answer({"Status": 202})


OPERATIONS: dict[str, Callable[[Call], Answer]] = {"InvokeAsync": invoke_async}
