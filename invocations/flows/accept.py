"""Accepting an event: the row and its payload are committed, then the sender is told 202 and stops tracking it."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import DatabaseError, transaction

from invocations import clock, event_queue, limits
from invocations.crashpoints import crashpoint
from invocations.decisions.tracing import trace_id
from invocations.errors import InvalidRuntime, ServiceFailure
from invocations.flows import catalog, requests
from invocations.flows.lineage import Lineage, lineage_of
from invocations.flows.policies import policy_of
from invocations.models import Invocation, Payload, async_states
from invocations.runtime import runtimes
from invocations.values import Event, InvocationResult, InvokeRequest, Scope
from lambdaplay.db.pool import pooled
from lambdaplay.db.prepared import Insert

_ROW, _PAYLOAD = Insert(Invocation, *Invocation.ASYNC_COLUMNS), Insert(Payload)
_NAMES = [field.attname for field in Invocation._meta.concrete_fields if field.attname not in ("id", "written_at")]


def accept(request: InvokeRequest, lineage: Lineage | None = None) -> InvocationResult:
    """Accept an asynchronous invocation. Checked like a synchronous one; concurrency is not looked at.

    Nothing depends on the broker: without it the event waits for a sweep. Raises the AWS errors of a bad request and
    ServiceFailure when the row could not be committed; nothing was accepted then.
    """
    requests.check_size(request, limits.ASYNC_REQUEST_BYTES)
    with pooled():
        route = catalog.route(request.caller.scope, request.function, request.qualifier)
    requests.check_state(route)
    _check_runnable(route)
    event = requests.read_event(request, request.request_id or str(uuid.uuid4()), route)
    row = _row(request, event, route, lineage or lineage_of(request.caller))
    with pooled():
        _commit(row, event)
        crashpoint("event.accepted")
    _tell(row, request.caller.scope)
    crashpoint("event.told")
    return InvocationResult(202, event.request_id, None, b"", trace_header=event.trace_header)


def _check_runnable(route: catalog.Route) -> None:
    reason = runtimes.unrunnable(route.versions[route.main].runtime)
    if reason is not None:
        raise InvalidRuntime(reason)


def _row(request: InvokeRequest, event: Event, route: catalog.Route, lineage: Lineage) -> Invocation:
    now = clock.now()
    return Invocation(
        request_id=event.request_id,
        account=request.caller.scope.account,
        region=request.caller.scope.region,
        function=route.function,
        qualifier=requests.qualifier_of(event.invoked_arn),
        executed_version="",
        invocation_type=Invocation.Type.ASYNC,
        state=Invocation.State.QUEUED,
        condition="",
        door=request.caller.door,
        caller=request.caller.name,
        trace_id=trace_id(event.trace_header),
        accepted_at=now,
        due_at=now,
        sent_at=_message_time(),
        claim_no=0,
        failures=0,
        deferrals=0,
        lost=0,
        hops=lineage.hops,
        caused_by=lineage.request_id,
    )


def _message_time() -> datetime | None:
    """Now (real time) when a message is to be sent about the event, else None: a worker takes it in passing.

    Whoever takes a message looks for rows of which none speaks, so while one is under way another would only make the
    workers slower. That it still is decides after the commit.
    """
    if event_queue.broken():
        return None
    with pooled():
        return None if async_states.outstanding() else clock.real()


def _is_alone(row: Invocation) -> bool:
    """Whether no message is under way any more; then the event is to have one of its own."""
    if event_queue.broken():
        return False
    now = clock.real()
    with pooled():
        if async_states.outstanding() or not async_states.tell(row.pk, None, now):
            return False
    row.sent_at = now
    return True


def _commit(row: Invocation, event: Event) -> None:
    try:
        with transaction.atomic():
            row.pk = _ROW(**{name: getattr(row, name) for name in _NAMES})
            _PAYLOAD(invocation_id=row.pk, request=event.payload, response=b"", log=b"")
            crashpoint("event.accepting")
    except DatabaseError as error:
        raise ServiceFailure("The event could not be stored, so it was not accepted.") from error


def _tell(row: Invocation, scope: Scope) -> None:
    """Send the event's message, where it has one or needs one: a message taken before the commit found no row."""
    if row.sent_at is None and not _is_alone(row):
        return
    with pooled():
        max_retries = policy_of(row.function, scope, row.qualifier).max_retries
    if not event_queue.send_run(row.request_id, retries=0, max_retries=max_retries):
        with pooled():
            Invocation.objects.filter(pk=row.pk, sent_at=row.sent_at).update(sent_at=None)
