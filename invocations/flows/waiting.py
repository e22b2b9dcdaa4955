"""What waits: events for a retry, a deferral or a worker, and the two verbs of an operator.

Each verb is one guarded update: when the event is not waiting any more, nothing happens and the answer says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from invocations import clock, task_results
from invocations.flows import recover
from invocations.flows.policies import policy_of
from invocations.models import Invocation, async_states
from invocations.values import Condition, Scope
from lambdaplay.db.pool import pooled

COUNTED = 10_000  # beyond this many, a figure says "or more"
LOOK_SECONDS = 0.1  # real time, between two looks at an event that is followed
TOLD = 8  # messages sent after an event was made due; the sweepers send the rest


@dataclass(frozen=True)
class Happened:
    """What became of a verb."""

    done: bool
    sentence: str


@dataclass(frozen=True)
class Figures:
    """`waiting` is counted up to COUNTED; `oldest` is when the one that waits longest was accepted (product time)."""

    waiting: int
    oldest: datetime | None


def run_now(request_id: str, scope: Scope | None = None) -> Happened:
    """Make a waiting event due at once, of this account and region only when `scope` is given."""
    with pooled():
        if not _within(request_id, scope) or not async_states.run_now(request_id, clock.now()):
            return Happened(False, _not_waiting(request_id, scope))
    recover.top_up(TOLD)
    return Happened(True, f"Event {request_id} is due now: it runs as soon as a worker is free.")


def cancel(request_id: str, scope: Scope | None = None) -> Happened:
    """End a waiting event for good; neither a destination nor a dead-letter queue is told."""
    with pooled():
        if not _within(request_id, scope) or not _cancel(request_id):
            return Happened(False, _not_waiting(request_id, scope))
    return Happened(True, f"Event {request_id} was cancelled. It will not run, and no destination is told.")


def figures() -> Figures:
    """Count what waits: one reach into the index of due events, whatever the history's size."""
    with pooled():
        waiting = Invocation.objects.filter(state=Invocation.State.QUEUED).order_by("due_at")
        accepted = list(waiting.values_list("accepted_at", flat=True)[:COUNTED])
    return Figures(len(accepted), min(accepted, default=None))


def progress(request_id: str) -> Iterator[Invocation]:
    """Yield the event's row as it is, and again after each change of it, until it has ended."""
    known = None
    while True:
        with pooled():
            row = Invocation.objects.get(request_id=request_id)
        now = (row.state, row.claim_no, row.due_at)
        if now != known:
            yield row
        if row.ended_at is not None:
            return
        known = now
        time.sleep(LOOK_SECONDS)


def next_due() -> datetime | None:
    """When the next waiting event becomes due."""
    with pooled():
        waiting = Invocation.objects.filter(state=Invocation.State.QUEUED, due_at__gt=clock.now())
        return waiting.order_by("due_at").values_list("due_at", flat=True).first()


def _cancel(request_id: str) -> bool:
    with transaction.atomic():
        cancelled = async_states.cancel(request_id, clock.now())
        if cancelled:
            row = Invocation.objects.get(request_id=request_id)
            policy = policy_of(row.function, Scope(row.account, row.region), row.qualifier)
            task_results.ended(row, Condition.CANCELLED, policy.max_retries, row.error_message, "")
    return cancelled


def _within(request_id: str, scope: Scope | None) -> bool:
    if scope is None:
        return True
    return Invocation.objects.filter(request_id=request_id, account=scope.account, region=scope.region).exists()


def _not_waiting(request_id: str, scope: Scope | None) -> str:
    row = Invocation.objects.filter(request_id=request_id).first() if _within(request_id, scope) else None
    if row is None:
        return f"There is no event {request_id}."
    if row.invocation_type != Invocation.Type.ASYNC:
        return "A synchronous invocation waits for nobody: only events can be run now or cancelled."
    if row.state == Invocation.State.RUNNING:
        return "Nothing was changed: an attempt of this event is running."
    if row.state == Invocation.State.QUEUED:
        return "Nothing was changed: the event has just begun to wait again. Try once more."
    return f"Nothing was changed: the event has ended ({row.condition})."
