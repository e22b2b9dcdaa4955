"""Running what a form asks for, in a web process."""

from __future__ import annotations

from django.db import connection

from invocations.flows.admission import admitted
from invocations.flows.invoke import invoke
from invocations.values import InvocationResult, InvokeRequest


def invoke_held(request: InvokeRequest) -> InvocationResult:
    """Invoke and wait, as one of the calls that this process holds at once, without a database connection meanwhile.

    Raises what the flow raises, and TooManyRequests when the process holds all the calls it can.
    """
    with admitted(request.caller):
        if not connection.in_atomic_block:
            connection.close()
        return invoke(request)
