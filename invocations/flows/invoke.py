"""The one door through which functions are invoked, whoever asks: API, console, forms and commands."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import DatabaseError

from invocations import clock, limits
from invocations.decisions.routing import choose_version
from invocations.decisions.tracing import trace_id
from invocations.errors import RecursiveInvocation, ServiceFailure, UnusablePart
from invocations.flows import catalog, journal, permissions, recursion, requests
from invocations.flows.accept import accept
from invocations.flows.lineage import Lineage, lineage_of
from invocations.models import Invocation
from invocations.runtime import client
from invocations.values import EnvironmentSpec, Event, Execution, InvocationResult, InvokeRequest, Outcome
from lambdaplay.db.pool import pooled

_draw = random.SystemRandom().random


@dataclass(frozen=True)
class Prepared:
    """A request that may be served: what runs where, and what led to it."""

    request: InvokeRequest
    spec: EnvironmentSpec
    event: Event
    lineage: Lineage
    accepted_at: datetime


def invoke(
    request: InvokeRequest, lineage: Lineage | None = None, route: catalog.Route | None = None
) -> InvocationResult:
    """Run the function and wait for its end. What the function does wrong is in the result, never raised.

    `lineage`: the chain that led here, where the caller is not the function that began it.
    `route`: where the request goes, of a caller inside the function's account who has just asked for it.

    Raises the AWS errors of a request that cannot be served: nothing ran then, and nothing was written.
    No database connection is held while the function runs.
    """
    request = permissions.into_account(request)
    if request.invocation_type == "Event":
        return accept(request, lineage)
    prepared = prepare(request, lineage, route)
    if isinstance(prepared, InvocationResult):
        return prepared
    with unusable_parts():
        execution = client.execute(prepared.spec, prepared.event)
    record(prepared, execution)
    return InvocationResult(
        status_code=200,
        request_id=prepared.event.request_id,
        executed_version=prepared.spec.version,
        payload=execution.payload,
        function_error=None if execution.outcome == Outcome.SUCCESS else "Unhandled",
        log_tail=execution.log_tail if request.log_type == "Tail" else None,
        trace_header=prepared.event.trace_header,
        content_type=execution.content_type,
    )


def prepare(
    request: InvokeRequest, lineage: Lineage | None = None, route: catalog.Route | None = None
) -> Prepared | InvocationResult:
    """Judge a synchronous request that may be made, in AWS's order. A dry run is answered with that."""
    requests.check_size(request, limits.SYNC_REQUEST_BYTES)
    if route is None:
        with pooled():
            route = catalog.route(request.caller.scope, request.function, request.qualifier)
    request_id = request.request_id or str(uuid.uuid4())
    if request.invocation_type == "DryRun":
        return InvocationResult(204, request_id, None, b"")
    requests.check_state(route)
    lineage = lineage or lineage_of(request.caller)
    _check_loop(route, lineage)
    event = replace(requests.read_event(request, request_id, route), hops=lineage.hops)
    spec = route.versions[choose_version(route.main, route.weights, _draw())]
    return Prepared(request, spec, event, lineage, clock.now())


def record(prepared: Prepared, execution: Execution) -> None:
    """Return once what happened is committed."""
    entry = journal.Entry(
        invocation=_invocation(prepared, execution),
        attempt=_attempt(prepared.spec, execution),
        payload=_payload(prepared.event, execution),
    )
    try:
        journal.record(entry)
    except DatabaseError as error:
        raise ServiceFailure("The function ran, but its record could not be written.") from error


@contextmanager
def unusable_parts() -> Iterator[None]:
    """A part of ours that does not answer is our failure, not the request's."""
    try:
        yield
    except UnusablePart as error:
        raise ServiceFailure(str(error)) from error


def _check_loop(route: catalog.Route, lineage: Lineage) -> None:
    if lineage.hops == 0:
        return
    with pooled():
        stopped = recursion.is_stopped(route.versions[route.main].scope, route.function, lineage.hops)
    if stopped:
        raise RecursiveInvocation(
            "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services "
            "resources and stopped your function's invocation."
        )


def _chain(lineage: Lineage) -> journal.Row:
    return {"hops": lineage.hops, "caused_by": lineage.request_id} if lineage.hops else {}


def _invocation(prepared: Prepared, execution: Execution) -> journal.Row:
    request, spec, event = prepared.request, prepared.spec, prepared.event
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
        "accepted_at": prepared.accepted_at,
        "ended_at": clock.now(),
        **_chain(prepared.lineage),
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
        "response_bytes": execution.response_bytes,
        "log": execution.log,
        "log_truncated": execution.log_truncated,
        "client_context": event.client_context or "",
    }
