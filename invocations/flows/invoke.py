"""The one door through which functions are invoked, whoever asks: API, console, forms and commands."""

from __future__ import annotations

import random
import uuid

from django.db import DatabaseError

from invocations import clock, limits
from invocations.decisions.routing import choose_version
from invocations.decisions.tracing import trace_id
from invocations.errors import InvalidRuntime, ServiceFailure, UnusablePart
from invocations.flows import catalog, journal, requests
from invocations.flows.accept import accept
from invocations.models import Invocation
from invocations.runtime import client
from invocations.values import EnvironmentSpec, Event, Execution, InvocationResult, InvokeRequest, Outcome
from lambdaplay.db.pool import pooled

_draw = random.SystemRandom().random


def invoke(request: InvokeRequest) -> InvocationResult:
    """Run the function and wait for its end. What the function does wrong is in the result, never raised.

    Raises the AWS errors of a request that cannot be served: nothing ran then, and nothing was written.
    No database connection is held while the function runs.
    """
    if request.invocation_type == "Event":
        return accept(request)
    requests.check_size(request, limits.SYNC_REQUEST_BYTES)
    with pooled():
        route = catalog.route(request.caller.scope, request.function, request.qualifier)
    request_id = request.request_id or str(uuid.uuid4())
    if request.invocation_type == "DryRun":
        return InvocationResult(204, request_id, None, b"")
    requests.check_state(route)
    event = requests.read_event(request, request_id, route)
    spec = route.versions[choose_version(route.main, route.weights, _draw())]
    accepted_at = clock.now()
    execution = _execute(spec, event)
    entry = journal.Entry(
        invocation={**_invocation(request, event, spec, execution), "accepted_at": accepted_at},
        attempt=_attempt(spec, execution),
        payload=_payload(event, execution),
    )
    _record(entry)
    return InvocationResult(
        status_code=200,
        request_id=request_id,
        executed_version=spec.version,
        payload=execution.payload,
        function_error=None if execution.outcome == Outcome.SUCCESS else "Unhandled",
        log_tail=execution.log_tail if request.log_type == "Tail" else None,
        trace_header=event.trace_header,
        content_type=execution.content_type,
    )


def _execute(spec: EnvironmentSpec, event: Event) -> Execution:
    try:
        return client.execute(spec, event)
    except InvalidRuntime:
        raise
    except UnusablePart as error:
        raise ServiceFailure(str(error)) from error


def _record(entry: journal.Entry) -> None:
    try:
        journal.record(entry)
    except DatabaseError as error:
        raise ServiceFailure("The function ran, but its record could not be written.") from error


def _invocation(request: InvokeRequest, event: Event, spec: EnvironmentSpec, execution: Execution) -> journal.Row:
    succeeded = execution.outcome == Outcome.SUCCESS
    return {
        "request_id": event.request_id,
        "account": spec.scope.account,
        "region": spec.scope.region,
        "function": spec.function,
        "qualifier": requests.qualifier_of(event.invoked_arn),
        "executed_version": spec.version,
        "invocation_type": Invocation.Type.SYNC.value,
        "state": (Invocation.State.SUCCEEDED if succeeded else Invocation.State.FAILED).value,
        "condition": execution.outcome.value,
        "error_type": execution.error_type,
        "error_message": execution.error_message,
        "door": request.caller.door,
        "caller": request.caller.name,
        "trace_id": trace_id(event.trace_header),
        "ended_at": clock.now(),
    }


def _attempt(spec: EnvironmentSpec, execution: Execution) -> journal.Row:
    init = execution.init_seconds
    return {
        "attempt_no": 1,
        "outcome": execution.outcome.value,
        "started_at": execution.started_at,
        "ended_at": execution.ended_at,
        "environment_id": execution.environment_id,
        "log_stream": execution.log_stream,
        "cold": execution.cold,
        "init_us": None if init is None else round(init * 1_000_000),
        "duration_us": round(execution.duration_seconds * 1_000_000),
        "billed_ms": execution.billed_ms,
        "memory_mb": spec.memory_mb,
        "max_memory_mb": execution.max_memory_mb,
    }


def _payload(event: Event, execution: Execution) -> journal.Row:
    return {
        "request": event.payload,
        "response": execution.payload,
        "log": execution.log,
        "log_truncated": execution.log_truncated,
        "client_context": event.client_context or "",
    }
