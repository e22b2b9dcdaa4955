"""The arrows of an asynchronous invocation. Each is one UPDATE on the state it leaves; the count decides.

    QUEUED --start--> RUNNING --finish--> SUCCEEDED | FAILED
      ^                  |
      +--requeue/defer---+        RUNNING beyond its lease --lose--> QUEUED
      QUEUED --cancel / expire--> FAILED

Leases are compared with the database's own clock: hosts disagree, rows do not.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from invocations.models.invocation import Invocation
from invocations.values import Condition

LEASE = timedelta(seconds=30)
RESEND = timedelta(seconds=10)  # a message not heard of for so long counts as lost
State = Invocation.State


def _events() -> QuerySet[Invocation]:
    return Invocation.objects.filter(invocation_type=Invocation.Type.ASYNC)


def due(now: datetime) -> QuerySet[Invocation]:
    """Events that may run now (product time), the longest due first."""
    return _events().filter(state=State.QUEUED, due_at__lte=now).order_by("due_at", "id")


def untold(now: datetime, real: datetime) -> QuerySet[Invocation]:
    """Due events that no live message speaks of."""
    return due(now).filter(Q(sent_at=None) | Q(sent_at__lt=real - RESEND))


def unheard(now: datetime, real: datetime) -> QuerySet[Invocation]:
    """Due events whose message was sent long ago and has not arrived."""
    return due(now).filter(sent_at__lt=real - RESEND)


def outstanding(real: datetime, limit: int) -> int:
    """How many events a live message speaks of, counted up to `limit`."""
    told = _events().filter(state=State.QUEUED, sent_at__gte=real - RESEND)
    return len(told.values_list("pk", flat=True)[:limit])


def lost(limit: int) -> list[Invocation]:
    """Events whose runner has not renewed its lease."""
    return list(_events().filter(state=State.RUNNING, lease_until__lt=Now())[:limit])


def tell(pk: int, known: datetime | None, real: datetime) -> bool:
    """Note that a message is being sent; False when somebody else noted it first."""
    return bool(_events().filter(pk=pk, state=State.QUEUED, sent_at=known).update(sent_at=real))


def forget_message(request_id: str) -> None:
    """The message that spoke of this event came to nothing."""
    _events().filter(request_id=request_id, state=State.QUEUED).update(sent_at=None)


def start(request_id: str, now: datetime) -> bool:
    """QUEUED and due -> RUNNING, with a new claim number and a lease."""
    return bool(
        _events()
        .filter(request_id=request_id, state=State.QUEUED, due_at__lte=now)
        .update(state=State.RUNNING, claim_no=F("claim_no") + 1, lease_until=Now() + LEASE, sent_at=None)
    )


def renew(pk: int, claim_no: int) -> bool:
    """RUNNING under this claim stays so for another lease; False: the claim is not ours any more."""
    return bool(_mine(pk, claim_no).update(lease_until=Now() + LEASE))


def finish(
    pk: int,
    claim_no: int,
    condition: Condition,
    now: datetime,
    *,
    executed_version: str,
    error_type: str,
    error_message: str,
    failures: int,
) -> bool:
    """RUNNING under this claim -> SUCCEEDED or FAILED."""
    return bool(
        _mine(pk, claim_no).update(
            state=State.SUCCEEDED if condition == Condition.SUCCESS else State.FAILED,
            condition=condition.value,
            ended_at=now,
            due_at=None,
            lease_until=None,
            executed_version=executed_version,
            error_type=error_type,
            error_message=error_message,
            failures=failures,
        )
    )


def requeue(pk: int, claim_no: int, due_at: datetime, *, failures: int, error_type: str, error_message: str) -> bool:
    """RUNNING under this claim -> QUEUED for its next attempt; a run resets the back-off of deferrals."""
    return bool(
        _mine(pk, claim_no).update(
            state=State.QUEUED,
            due_at=due_at,
            lease_until=None,
            failures=failures,
            deferrals=0,
            error_type=error_type,
            error_message=error_message,
        )
    )


def defer(pk: int, claim_no: int, due_at: datetime, *, reason: str, message: str) -> bool:
    """RUNNING under this claim -> QUEUED: it could not be run."""
    return bool(
        _mine(pk, claim_no).update(
            state=State.QUEUED,
            due_at=due_at,
            lease_until=None,
            deferrals=F("deferrals") + 1,
            error_type=reason,
            error_message=message,
        )
    )


def lose(pk: int, claim_no: int, due_at: datetime) -> bool:
    """RUNNING beyond its lease -> QUEUED: whoever ran it is gone."""
    return bool(
        _mine(pk, claim_no)
        .filter(lease_until__lt=Now())
        .update(state=State.QUEUED, due_at=due_at, lease_until=None, sent_at=None, lost=F("lost") + 1)
    )


def give_up(pk: int, claim_no: int, now: datetime, message: str) -> bool:
    """RUNNING beyond its lease, once too often -> FAILED."""
    return bool(
        _mine(pk, claim_no)
        .filter(lease_until__lt=Now())
        .update(
            state=State.FAILED,
            condition=Condition.RUNNER_LOST.value,
            ended_at=now,
            due_at=None,
            lease_until=None,
            lost=F("lost") + 1,
            error_message=message,
        )
    )


def cancel(request_id: str, now: datetime) -> bool:
    """QUEUED -> FAILED by an operator: no destination, no dead-letter queue."""
    return bool(
        _events()
        .filter(request_id=request_id, state=State.QUEUED)
        .update(
            state=State.FAILED,
            condition=Condition.CANCELLED.value,
            ended_at=now,
            due_at=None,
            error_message="Cancelled by an operator.",
        )
    )


def run_now(request_id: str, now: datetime) -> bool:
    """QUEUED stays so, but is due at once."""
    return bool(_events().filter(request_id=request_id, state=State.QUEUED).update(due_at=now, sent_at=None))


def _mine(pk: int, claim_no: int) -> QuerySet[Invocation]:
    return _events().filter(pk=pk, state=State.RUNNING, claim_no=claim_no)
