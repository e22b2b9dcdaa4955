"""The arrows of an asynchronous invocation. Each is one UPDATE on the state it leaves; the count decides.

    QUEUED --start--> RUNNING --finish--> SUCCEEDED | FAILED
      ^                  |
      +--requeue/defer---+        RUNNING beyond its lease --lose--> QUEUED
      QUEUED --cancel / expire--> FAILED

Leases are compared with the database's own clock: hosts disagree, rows do not.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from invocations import limits
from invocations.models.invocation import Invocation, Payload
from invocations.values import Condition
from lambdaplay.db.prepared import Select, Update, columns

LEASE = timedelta(seconds=30)
RESEND = timedelta(seconds=10)  # a message not heard of for so long counts as lost
LATE = timedelta(seconds=1)  # ... and for so long where a worker has nothing else to do
State = Invocation.State


def _events() -> QuerySet[Invocation]:
    return Invocation.objects.filter(invocation_type=Invocation.Type.ASYNC)


def due(now: datetime) -> QuerySet[Invocation]:
    """Events that may run now (product time), the longest due first."""
    return _events().filter(state=State.QUEUED, due_at__lte=now).order_by("due_at", "id")


def untold(now: datetime) -> list[Invocation]:
    """Due events that no message speaks of, with what a message says, as many as may be under way at once."""
    return [Invocation.from_db(None, _MESSAGE, values) for values in _UNTOLD(now=now)]


def unheard(now: datetime, real: datetime, patience: timedelta = RESEND) -> QuerySet[Invocation]:
    """Due events whose message was sent longer ago than `patience` and has not arrived."""
    return due(now).filter(sent_at__lt=real - patience)


def outstanding() -> int:
    """How many events a message speaks of that has not arrived, counted up to as many as there may be."""
    return len(_TOLD())


def any_untold(now: datetime) -> bool:
    """Whether there is a due event that no message speaks of."""
    return bool(_ANY(now=now))


def next_untold(now: datetime) -> str | None:
    """The request id of the longest due event that no message speaks of; to be called in a transaction that claims it.

    SQLite lets one writer in at a time; elsewhere what others are claiming is passed over.
    """
    found = _NEXT(now=now)
    return found[0][0] if found else None


def waits(request_id: str) -> bool:
    """Whether the event is QUEUED, due or not."""
    return _events().filter(request_id=request_id, state=State.QUEUED).exists()


def load(request_id: str) -> Invocation:
    """The event's row, with the bytes that were sent (of its payload nothing else is loaded)."""
    ((*values, request),) = _LOAD(request_id=request_id)
    row = Invocation.from_db(None, _COLUMNS, values)
    row.payload = Payload.from_db(None, ("invocation_id", "request"), (row.pk, request))
    return row


def running(limit: int) -> list[tuple[int, int]]:
    """Keys and claim numbers of events that are being run."""
    rows = _events().filter(state=State.RUNNING).order_by("lease_until")
    return list(rows.values_list("pk", "claim_no")[:limit])


def expire(pk: int, claim_no: int) -> bool:
    """RUNNING under this claim stays so, but its lease is over: its runner has ended."""
    return bool(_mine(pk, claim_no).update(lease_until=Now() - LEASE))


def lost(limit: int) -> list[Invocation]:
    """Events whose runner has not renewed its lease."""
    rows = _events().filter(state=State.RUNNING, lease_until__lt=Now())
    return list(rows.order_by("lease_until")[:limit])  # by its index: any other order walks through all history


def tell(pk: int, known: datetime | None, real: datetime) -> bool:
    """Note that a message is being sent; False when somebody else noted it first."""
    if known is None:
        return bool(_TELL_FIRST(pk=pk, real=real))
    return bool(_events().filter(pk=pk, state=State.QUEUED, sent_at=known).update(sent_at=real))


def forget_message(request_id: str) -> None:
    """The message that spoke of this event came to nothing."""
    _events().filter(request_id=request_id, state=State.QUEUED).update(sent_at=None)


def start(request_id: str, now: datetime) -> bool:
    """QUEUED and due -> RUNNING, with a new claim number and a lease."""
    return bool(_START(request_id=request_id, now=now))


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
        _FINISH(
            pk=pk,
            claim_no=claim_no,
            state=(State.SUCCEEDED if condition == Condition.SUCCESS else State.FAILED).value,
            condition=condition.value,
            now=now,
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


# The arrows of every event, which are taken many times a second.
_COLUMNS = columns(Invocation)
_LOAD = Select(
    lambda request_id: (
        Invocation.objects.filter(request_id=request_id).order_by().values_list(*_COLUMNS, "payload__request")
    ),
    request_id=str,
)
_START = Update(
    lambda request_id, now: (
        _events().filter(request_id=request_id, state=State.QUEUED, due_at__lte=now),
        {"state": State.RUNNING, "claim_no": F("claim_no") + 1, "lease_until": Now() + LEASE, "sent_at": None},
    ),
    request_id=str,
    now=datetime,
)
_FINISH = Update(
    lambda pk, claim_no, now, **values: (
        _mine(pk, claim_no),
        {"ended_at": now, "due_at": None, "lease_until": None, **values},
    ),
    pk=int,
    claim_no=int,
    now=datetime,
    state=str,
    condition=str,
    executed_version=str,
    error_type=str,
    error_message=str,
    failures=int,
)
_TOLD = Select(
    lambda: (
        _events()
        .filter(state=State.QUEUED, sent_at__isnull=False)
        .order_by()
        .values_list("pk")[: limits.OUTSTANDING_MESSAGES]
    ),
)
_ANY = Select(lambda now: due(now).filter(sent_at=None).values_list("pk")[:1], now=datetime)
_NEXT = Select(
    lambda now: due(now).filter(sent_at=None).select_for_update(skip_locked=True).values_list("request_id")[:1],
    now=datetime,
)
_TELL_FIRST = Update(
    lambda pk, real: (_events().filter(pk=pk, state=State.QUEUED, sent_at=None), {"sent_at": real}),
    pk=int,
    real=datetime,
)
_MESSAGE = columns(Invocation, "id", "request_id", "account", "region", "function", "qualifier", "sent_at", "failures")
_UNTOLD = Select(
    lambda now: due(now).filter(sent_at=None).values_list(*_MESSAGE)[: limits.OUTSTANDING_MESSAGES],
    now=datetime,
)
