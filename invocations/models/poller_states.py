"""The arrows of a poller and of its batches. Each is one UPDATE on the state it leaves; the count decides.

    poller: free --claim--> leased (epoch + 1) --release(due_at)--> free         beyond its lease it is free as well
    batch:  COLLECTING --> WAITING <--> RUNNING --> ENDED

Leases are compared with the database's own clock: hosts disagree, rows do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from invocations.models.mapping import Batch, BatchRecords, Mapping, Poller
from lambdaplay.db.prepared import Insert, Select, Update, columns

LEASE = timedelta(seconds=30)
RESEND = timedelta(seconds=10)  # a message not heard of for so long counts as lost
TROUBLE_CHARACTERS = 500


def free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=Now())


def claimable(now: datetime, real: datetime) -> QuerySet[Poller]:
    """Pollers that somebody could take now: nobody has them, and their back-off is over.

    That of a retry is product time; that of a source which cannot be reached is real time.
    """
    return Poller.objects.filter(
        free(), mapping__enabled=True, mapping__state=Mapping.State.ENABLED, closed=False, waits=False, due_at__lte=now
    ).filter(
        Q(troubles=0) | Q(idle_until=None) | Q(idle_until__lte=real),
        # One that a shrinking mapping no longer wants still ends what it has begun.
        Q(mapping__pollers_wanted=0)
        | Q(slot__lt=F("mapping__pollers_wanted"))
        | Q(collect_until__isnull=False)
        | Q(lease_until__isnull=False),
    )


def first_free(mapping: int, now: datetime, real: datetime) -> tuple[int, datetime | None] | None:
    """Of the mapping's pollers that could be taken the one that was told last, and when it was."""
    found = _FIRST_FREE(mapping=mapping, now=now, real=real)
    return (found[0][0], found[0][1]) if found else None


_FIRST_FREE = Select(
    lambda mapping, now, real: (
        claimable(now, real)
        .filter(mapping_id=mapping)
        .order_by(F("sent_at").desc(nulls_last=True), "slot")
        .values_list("pk", "sent_at")[:1]
    ),
    mapping=int,
    now=datetime,
    real=datetime,
)


def untold(real: datetime) -> Q:
    """No live message speaks of it."""
    return Q(sent_at=None) | Q(sent_at__lt=real - RESEND)


def tell(pk: int, known: datetime | None, real: datetime) -> bool:
    """Note that a message is being sent; False when somebody else noted it first."""
    if known is None:
        return bool(_TELL_FIRST(pk=pk, real=real))
    return bool(_TELL_AGAIN(pk=pk, known=known, real=real))


_TELL_FIRST = Update(
    lambda pk, real: (Poller.objects.filter(pk=pk, sent_at=None), {"sent_at": real}), pk=int, real=datetime
)
_TELL_AGAIN = Update(
    lambda pk, known, real: (Poller.objects.filter(pk=pk, sent_at=known), {"sent_at": real}),
    pk=int,
    known=datetime,
    real=datetime,
)


def forget_message(pk: int) -> None:
    """The message that spoke of this poller came to nothing."""
    Poller.objects.filter(free(), pk=pk).update(sent_at=None)


def claim(pk: int, now: datetime, real: datetime, runner: str) -> Poller | None:
    """Free -> leased under a new epoch. None when it is not to be had."""
    # The conditions on the mapping are looked up first; on the row itself the lease decides.
    found = _CLAIMABLE(pk=pk, now=now, real=real)
    if not found:
        return None
    ((mapping, most, shard),) = found
    if most is None or not shard:
        taken = _TAKE(pk=pk, now=now, runner=runner)
    else:
        with transaction.atomic():
            # Whoever else would take one of the mapping's pollers waits for this row.
            list(Mapping.objects.select_for_update().filter(pk=mapping).values_list("pk"))
            taken = int(_at_work(mapping) < most and _TAKE(pk=pk, now=now, runner=runner))
    return _load(pk) if taken else None


_CLAIMABLE = Select(
    lambda pk, now, real: (
        claimable(now, real).filter(pk=pk).order_by().values_list("mapping_id", "mapping__pollers_max", "shard")
    ),
    pk=int,
    now=datetime,
    real=datetime,
)
_TAKE = Update(
    lambda pk, now, runner: (
        Poller.objects.filter(free(), pk=pk, due_at__lte=now, closed=False),
        {"lease_until": Now() + LEASE, "epoch": F("epoch") + 1, "sent_at": None, "runner": runner},
    ),
    pk=int,
    now=datetime,
    runner=str,
)


def _load(pk: int) -> Poller | None:
    for values in _LOAD(pk=pk):
        poller = Poller.from_db(None, _OF_POLLER, values[: len(_OF_POLLER)])
        poller.mapping = Mapping.from_db(None, _OF_MAPPING, values[len(_OF_POLLER) :])
        return poller
    return None  # the mapping has just been deleted


_OF_POLLER = columns(Poller)
_OF_MAPPING = columns(Mapping)
_LOAD = Select(
    lambda pk: (
        Poller.objects.filter(pk=pk).order_by().values_list(*_OF_POLLER, *(f"mapping__{name}" for name in _OF_MAPPING))
    ),
    pk=int,
)


def _at_work(mapping: int) -> int:
    """How many of a topic's partitions are being read."""
    return Poller.objects.filter(mapping_id=mapping, lease_until__gte=Now()).exclude(shard="").count()


def renew(pk: int, epoch: int) -> bool:
    """Leased under this epoch stays so for another lease; False: somebody else has it."""
    return bool(Poller.objects.filter(pk=pk, epoch=epoch).update(lease_until=Now() + LEASE))


def release(pk: int, epoch: int, **columns: Any) -> bool:
    """Leased under this epoch -> free, with what the poller is to remember."""
    return bool(Poller.objects.filter(pk=pk, epoch=epoch).update(lease_until=None, runner="", **columns))


def advance(pk: int, epoch: int, known: str, **columns: Any) -> bool:
    """Move on from this very checkpoint under this very epoch: in the transaction that commits the outcome."""
    return bool(Poller.objects.filter(pk=pk, epoch=epoch, checkpoint=known).update(**columns))


def move(pk: int, epoch: int, known: str, checkpoint: str) -> bool:
    """`advance` when nothing but the checkpoint changes."""
    return bool(_MOVE(pk=pk, epoch=epoch, known=known, checkpoint=checkpoint))


_MOVE = Update(
    lambda pk, epoch, known, checkpoint: (
        Poller.objects.filter(pk=pk, epoch=epoch, checkpoint=known),
        {"checkpoint": checkpoint},
    ),
    pk=int,
    epoch=int,
    known=str,
    checkpoint=str,
)


def write(batch: Batch, records: list[dict[str, Any]]) -> None:
    """A new batch, and what is in it."""
    batch.pk = _BATCH(**{name: getattr(batch, name) for name in _COLUMNS})
    batch._state.adding = False
    _RECORDS(batch_id=batch.pk, records=records)
    batch.content = BatchRecords(batch_id=batch.pk, records=records)
    batch.content._state.adding = False


_BATCH, _RECORDS = Insert(Batch), Insert(BatchRecords)
_COLUMNS = [
    field.attname for field in Batch._meta.concrete_fields if not field.primary_key and not field.has_db_default()
]


def open_batches(poller: Poller) -> list[Batch]:
    """What the poller has taken and not finished, oldest first."""
    if not _OPEN(poller=poller.pk):
        return []
    rows = Batch.objects.filter(poller=poller).exclude(state=Batch.State.ENDED)
    return list(rows.select_related("content").order_by("id"))


_OPEN = Select(
    lambda poller: Batch.objects.filter(poller_id=poller).exclude(state=Batch.State.ENDED).order_by().values_list("pk"),
    poller=int,
)


def start(batch: Batch, epoch: int, request_id: str, now: datetime) -> bool:
    """COLLECTING or WAITING -> RUNNING."""
    return bool(
        _open(batch)
        .exclude(state=Batch.State.RUNNING)
        .update(
            state=Batch.State.RUNNING,
            epoch=epoch,
            request_id=request_id,
            started_at=now,
            attempt=F("attempt") + 1,
        )
    )


def wait(batch: Batch, epoch: int, reason: str) -> bool:
    """RUNNING under this epoch -> WAITING: it could not be run now."""
    return bool(
        _open(batch)
        .filter(state=Batch.State.RUNNING, epoch=epoch)
        .update(state=Batch.State.WAITING, reason=reason[:TROUBLE_CHARACTERS])
    )


def end(batch: Batch, epoch: int, outcome: str, now: datetime, *, failed: int = 0, reason: str = "") -> bool:
    """RUNNING under this epoch -> ENDED."""
    reason = reason[:TROUBLE_CHARACTERS]
    return bool(_END(pk=batch.pk, epoch=epoch, outcome=outcome, ended_at=now, failed=failed, reason=reason))


_END = Update(
    lambda pk, epoch, **end: (
        Batch.objects.filter(pk=pk, state=Batch.State.RUNNING, epoch=epoch).order_by(),
        {"state": Batch.State.ENDED, **end},
    ),
    pk=int,
    epoch=int,
    outcome=str,
    ended_at=datetime,
    failed=int,
    reason=str,
)


def drop(batch: Batch, outcome: str, now: datetime) -> bool:
    """Whatever it was -> ENDED, by whoever has its poller now."""
    return bool(_open(batch).update(state=Batch.State.ENDED, outcome=outcome, ended_at=now))


def leased(mappings: Iterable[int]) -> set[int]:
    """Those of the mappings of which a poller is at work."""
    rows = Poller.objects.filter(mapping_id__in=list(mappings), lease_until__gte=Now())
    return set(rows.values_list("mapping_id", flat=True))


def _open(batch: Batch) -> QuerySet[Batch]:
    return Batch.objects.filter(pk=batch.pk).exclude(state=Batch.State.ENDED).order_by()
