"""Out of a queue: look first, write only when there is something, and claim with one guarded UPDATE.

Two receivers never get the same message: the claim's WHERE asks again whether the message is visible, and FIFO
receivers of one queue take turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from invocations.engines.sqs import flights, handles, limits, redrive, removal
from invocations.engines.sqs.errors import OverLimit
from invocations.engines.sqs.moments import now_ms
from invocations.models import Message, Queue

ATTEMPT_MS = 5 * 60 * 1000  # how long a FIFO receive can be asked for again
HELD = -1  # instead of seconds: hidden until whoever took them lets go of them
HELD_MS = 32_503_680_000_000  # what then stands for the moment of their return (the year 3000)
_TURNS = 50  # of looking again after a lost claim, expired or dead messages


@dataclass(frozen=True)
class Received:
    """One message and the handle of this receive of it."""

    row: Message
    handle: str


def receive(queue: Queue, most: int, visibility: int | None = None, attempt: str | None = None) -> list[Received]:
    """Take up to `most` visible messages and hide them for `visibility` seconds (None: the queue's).

    `attempt` is a FIFO queue's ReceiveRequestAttemptId: the same id within five minutes gets the same messages.
    Raises OverLimit.
    """
    seconds = queue.visibility_seconds if visibility is None else visibility
    receipt = handles.new_receipt()
    if attempt is not None and queue.fifo:
        receipt = handles.receipt_of_attempt(attempt)
        again = _again(queue, receipt, seconds)
        if again:
            return _read(queue, again, receipt)
    taken = _take(queue, most, seconds, receipt)
    return _read(queue, taken, receipt) if taken else []


def hold(queue: Queue, most: int) -> list[Received]:
    """Take up to `most` visible messages and hide them until `holding.let_go`. Raises OverLimit."""
    receipt = handles.new_receipt()
    taken = _take(queue, most, HELD, receipt)
    return _read(queue, taken, receipt) if taken else []


def _take(queue: Queue, most: int, seconds: int, receipt: str) -> list[int]:
    taken: list[int] = []
    for _ in range(_TURNS):
        found = _look(queue, most - len(taken))
        if not found:
            break
        if not taken and flights.is_full(queue):
            if queue.fifo:
                break
            raise OverLimit(limits.IN_FLIGHT)
        claimed, again = _claim(queue, found, most - len(taken), seconds, receipt)
        taken += [pk for pk in claimed if pk not in taken]
        if len(taken) >= most or not again:
            break
    return taken


def _look(queue: Queue, most: int) -> list[Message]:
    return list(deliverable(queue, now_ms()).only("id", "sent_ms", "receive_count")[:most])


def deliverable(queue: Queue, now: int) -> QuerySet[Message]:
    """Messages that a receiver may have now, in the order it gets them. Expired ones are still among them."""
    visible = Message.objects.filter(queue_id=queue.pk, visible_ms__lte=now)
    if not queue.fifo:
        return visible.order_by("visible_ms", "id")
    # A group waits while one of its messages is in flight, or an earlier one is still delayed.
    waiting = Message.objects.filter(
        Q(sequence__lt=OuterRef("sequence")) | ~Q(receipt=""),
        queue_id=queue.pk,
        group=OuterRef("group"),
        visible_ms__gt=now,
        sequence__gt=0,
    )
    return visible.filter(~Exists(waiting), sequence__gt=0).order_by("sequence")


def _claim(queue: Queue, found: list[Message], most: int, seconds: int, receipt: str) -> tuple[list[int], bool]:
    """Return the keys that this receiver got, and whether looking again may find more."""
    now = now_ms()
    alone = not queue.fifo and not connection.features.has_select_for_update
    if alone and not _expired(queue, found, now) and not _over(queue, found):
        ids = [row.pk for row in found]
        claimed = _hide(queue, ids, now, seconds, receipt)
        # Where another receiver was quicker, reading by receipt leaves out what is not ours.
        return ids if claimed else [], claimed < len(ids)
    with transaction.atomic():
        return _claim_locked(queue, _locked(queue, most), now, seconds, receipt)


def _claim_locked(queue: Queue, found: list[Message], now: int, seconds: int, receipt: str) -> tuple[list[int], bool]:
    """The same with the rows (or the whole queue) locked: removes what expired and moves what died."""
    expired = _expired(queue, found, now)
    if expired:
        removal.remove(expired)
    dead = _buried(queue, [row for row in found if row.pk not in expired])
    gone = {*expired, *dead}
    fresh = [row.pk for row in found if row.pk not in gone]
    if fresh:
        _hide(queue, fresh, now, seconds, receipt)
    return fresh, bool(gone)


def _locked(queue: Queue, most: int) -> list[Message]:
    """Look again, now that nobody else can take what is found."""
    if not queue.fifo:
        rows = deliverable(queue, now_ms()).select_for_update(skip_locked=True)
        return list(rows.only("id", "sent_ms", "receive_count")[:most])
    if Queue.objects.select_for_update(no_key=True).filter(pk=queue.pk).first() is None:
        return []
    return _look(queue, most)


def _expired(queue: Queue, rows: Sequence[Message], now: int) -> list[int]:
    kept = removal.kept_since(queue, now)
    return [row.pk for row in rows if row.sent_ms <= kept]


def _over(queue: Queue, rows: Sequence[Message]) -> list[int]:
    """Those whose receive count would exceed the redrive policy's."""
    if not queue.redrive_target:
        return []
    return [row.pk for row in rows if row.receive_count >= queue.redrive_max_receives]


def _buried(queue: Queue, rows: Sequence[Message]) -> list[int]:
    """Move the dead ones to their queue; return their keys."""
    over = _over(queue, rows)
    target = redrive.dead_letter_queue(queue) if over else None
    if target is None:  # as on AWS, delivered on when there is nowhere to move to
        return []
    redrive.bury(queue, target, over)
    return over


def _hide(queue: Queue, ids: Sequence[int], now: int, seconds: int, receipt: str) -> int:
    """Make them this receive's. Returns how many are."""
    visible = Message.objects.filter(queue_id=queue.pk, pk__in=ids, visible_ms__lte=now)
    return visible.update(
        receipt=receipt,
        received_ms=now,
        visible_ms=HELD_MS if seconds == HELD else now + seconds * 1000,
        receive_count=F("receive_count") + 1,
        first_received_ms=Coalesce("first_received_ms", now),
    )


def _read(queue: Queue, ids: Sequence[int], receipt: str) -> list[Received]:
    """The messages with their bodies, in the order they were taken."""
    rows = {row.pk: row for row in Message.objects.select_related("content").filter(pk__in=ids, receipt=receipt)}
    return [Received(rows[pk], handles.write(pk, receipt, queue.pk)) for pk in ids if pk in rows]


def _again(queue: Queue, receipt: str, seconds: int) -> list[int]:
    """The messages of an earlier receive by the same attempt id that nobody has touched since."""
    now = now_ms()
    mine = Message.objects.filter(
        queue_id=queue.pk, receipt=receipt, visible_ms__gt=now, received_ms__gt=now - ATTEMPT_MS
    )
    ids = list(mine.order_by("sequence").values_list("id", flat=True))
    if ids:
        mine.update(visible_ms=now + seconds * 1000)
    return ids
